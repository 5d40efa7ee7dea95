package rotator.scim;

import java.util.stream.Stream;
import org.keycloak.component.ComponentModel;
import org.keycloak.models.RealmModel;
import org.keycloak.storage.UserStorageProvider;

/** A service provider that users are sent to: a component of the realm, which looks no user up itself. */
final class Target implements UserStorageProvider {
    static final String ENDPOINT = "endpoint";
    static final String AUTH_MODE = "auth-mode";
    static final String AUTH_PASS = "auth-pass";
    static final String CHECK_ON_SAVE = "check-on-save";

    /** All of a realm, as they are held now. */
    static Stream<ComponentModel> all(RealmModel realm) {
        return realm.getComponentsStream(realm.getId(), UserStorageProvider.class.getName())
            .filter(component -> TargetFactory.isOurs(component.getProviderId()));
    }

    @Override
    public void close() {
    }
}
