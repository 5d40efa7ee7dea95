package rotator.scim;

import org.keycloak.events.Event;
import org.keycloak.events.EventListenerProvider;
import org.keycloak.events.admin.AdminEvent;
import org.keycloak.events.admin.OperationType;
import org.keycloak.events.admin.ResourceType;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.RealmModel;
import org.keycloak.models.UserModel;

/** Sends a user out as soon as an administrator has made it. */
final class Listener implements EventListenerProvider {
    private static final String USERS = "users/";
    private final KeycloakSession session;

    Listener(KeycloakSession session) {
        this.session = session;
    }

    @Override
    public void onEvent(AdminEvent event, boolean includeRepresentation) {
        if (event.getResourceType() != ResourceType.USER || event.getOperationType() != OperationType.CREATE) {
            return;
        }
        RealmModel realm = session.realms().getRealm(event.getRealmId());
        String id = event.getResourcePath().substring(USERS.length());
        UserModel user = session.users().getUserById(realm, id);
        Target.all(realm).forEach(component -> Scim.of(component).create(user.getUsername()));
    }

    @Override
    public void onEvent(Event event) {
    }

    @Override
    public void close() {
    }
}
