package rotator.scim;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import org.jboss.logging.Logger;
import org.keycloak.component.ComponentModel;
import org.keycloak.util.JsonSerialization;

/** Calls to a service provider with the token that a component holds. */
record Scim(String endpoint, String token) {
    private static final Logger LOG = Logger.getLogger(Scim.class);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final HttpClient HTTP = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
    private static final String USER = "urn:ietf:params:scim:schemas:core:2.0:User";

    static Scim of(ComponentModel component) {
        boolean bearer = "BEARER".equals(component.get(Target.AUTH_MODE));
        return new Scim(component.get(Target.ENDPOINT), bearer ? component.get(Target.AUTH_PASS) : null);
    }

    boolean takesTheToken() {
        return send("GET", "/Users?count=1", BodyPublishers.noBody()) == 200;
    }

    void create(String name) {
        try {
            Map<String, Object> user = Map.of("schemas", new String[] {USER}, "userName", name, "active", true);
            int status = send("POST", "/Users", BodyPublishers.ofString(JsonSerialization.writeValueAsString(user)));
            LOG.infof("sent %s: %d", name, status);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Status of the answer; 0 if there is none. */
    private int send(String method, String path, BodyPublisher body) {
        try {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(endpoint + path))
                .timeout(PATIENCE)
                .header("User-Agent", "keycloak-scim-plugin/1")
                .header("Content-Type", "application/scim+json")
                .method(method, body);
            if (token != null) {
                request.header("Authorization", "Bearer " + token);
            }
            return HTTP.send(request.build(), BodyHandlers.discarding()).statusCode();
        } catch (IOException | IllegalArgumentException e) {
            // The second: a token that cannot stand in a header. Its message quotes the token.
            LOG.warnf("not sent: %s", e.getClass().getName());
            return 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }
}
