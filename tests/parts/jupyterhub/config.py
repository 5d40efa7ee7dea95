"""JupyterHub without its proxy: the tests talk to the hub itself.

Environment: HUB_PORT, HUB_ADMIN_TOKEN.
"""

import os

from jupyterhub.proxy import Proxy

c = get_config()  # noqa: F821, JupyterHub defines it


class NoProxy(Proxy):
    """Keeps the routes that the hub asks for, and serves none of them."""

    should_start = False
    routes = {}

    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)

    async def get_all_routes(self):
        return self.routes


c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = int(os.environ["HUB_PORT"])
c.JupyterHub.ip = "127.0.0.1"
# Nobody listens there: it is the address of the proxy that is not run.
c.JupyterHub.port = int(os.environ["HUB_PORT"]) + 1
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.cookie_secret_file = "cookie-secret"
c.JupyterHub.authenticator_class = "null"
c.Authenticator.allowed_users = {"scim"}
c.JupyterHub.services = [{"name": "rotator", "api_token": os.environ["HUB_ADMIN_TOKEN"]}]
# As the vendor file says.
c.JupyterHub.load_roles = [
    {
        "name": "rotator",
        "scopes": ["tokens!user=scim", "read:tokens!user=scim"],
        "services": ["rotator"],
    }
]
