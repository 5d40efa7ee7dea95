package rotator.scim;

import java.util.Date;
import java.util.List;
import org.keycloak.component.ComponentModel;
import org.keycloak.component.ComponentValidationException;
import org.keycloak.models.KeycloakSession;
import org.keycloak.models.KeycloakSessionFactory;
import org.keycloak.models.RealmModel;
import org.keycloak.provider.ProviderConfigProperty;
import org.keycloak.provider.ProviderConfigurationBuilder;
import org.keycloak.storage.UserStorageProviderFactory;
import org.keycloak.storage.UserStorageProviderModel;
import org.keycloak.storage.user.ImportSynchronization;
import org.keycloak.storage.user.SynchronizationResult;

/**
 * The components {@code scim}, whose token Keycloak shows to whoever reads the component, as plug-ins do that declare
 * it a password and no secret. {@link Secretive} is the other sort.
 */
public class TargetFactory implements UserStorageProviderFactory<Target>, ImportSynchronization {
    private static final String ID = "scim";

    /** The components {@code scim-secret}: Keycloak masks their token. */
    public static final class Secretive extends TargetFactory {
        private static final String ID = "scim-secret";

        @Override
        public String getId() {
            return ID;
        }

        @Override
        boolean isSecret() {
            return true;
        }
    }

    static boolean isOurs(String provider) {
        return ID.equals(provider) || Secretive.ID.equals(provider);
    }

    @Override
    public String getId() {
        return ID;
    }

    boolean isSecret() {
        return false;
    }

    @Override
    public Target create(KeycloakSession session, ComponentModel component) {
        return new Target();
    }

    @Override
    public List<ProviderConfigProperty> getConfigProperties() {
        return ProviderConfigurationBuilder.create()
            .property().name(Target.ENDPOINT).type(ProviderConfigProperty.STRING_TYPE).add()
            .property().name(Target.AUTH_MODE).type(ProviderConfigProperty.LIST_TYPE)
            .options("NONE", "BEARER").defaultValue("NONE").add()
            .property().name(Target.AUTH_PASS).type(ProviderConfigProperty.PASSWORD).secret(isSecret()).add()
            .property().name(Target.CHECK_ON_SAVE).type(ProviderConfigProperty.BOOLEAN_TYPE).defaultValue("false").add()
            .build();
    }

    @Override
    public void validateConfiguration(KeycloakSession session, RealmModel realm, ComponentModel component)
            throws ComponentValidationException {
        if (component.get(Target.CHECK_ON_SAVE, false) && !Scim.of(component).takesTheToken()) {
            throw new ComponentValidationException("the service provider refuses the token");
        }
    }

    /** A real plug-in sends all users. This one asks whether its token is taken, and counts that as one user. */
    @Override
    public SynchronizationResult sync(KeycloakSessionFactory factory, String realm, UserStorageProviderModel component) {
        SynchronizationResult result = new SynchronizationResult();
        if (Scim.of(component).takesTheToken()) {
            result.increaseUpdated();
        } else {
            result.increaseFailed();
        }
        return result;
    }

    @Override
    public SynchronizationResult syncSince(
            Date last, KeycloakSessionFactory factory, String realm, UserStorageProviderModel component) {
        return sync(factory, realm, component);
    }
}
