// A real SCIM service provider (better-auth with its SCIM plug-in, in memory) and an admin API to its credentials.
//
//   BRIDGE_ADMIN_TOKEN=… node server.mjs [PORT]     PORT also from the environment; 0 takes a free one
//   prints "listening http://127.0.0.1:PORT" when ready
//
// SCIM is served by better-auth itself at /api/auth/scim/v2. It offers credentials only as trusted functions to the
// application around it; the routes below are that application (Authorization: Bearer $BRIDGE_ADMIN_TOKEN):
//
//   POST   /admin/tokens {"label", "ttl_seconds"}   201 {"id", "token", "label", "status", "created_at", "expires_at", …}
//   GET    /admin/tokens?page=1&per_page=50         {"tokens": […], "next_page": 2 | null}, the live ones, oldest first
//   GET    /admin/tokens/ID                         one of them; 404 when unknown, revoked or expired
//   DELETE /admin/tokens/ID                         204; 404 likewise
//   POST   /admin/faults {"mint", "count", "delay_ms"}  for the next `count` mints (1):
//            "lose_reply"  the credential is created, the connection is cut without an answer
//            "refuse"      503, nothing is created
//            "slow"        the answer comes after delay_ms (5000)
//            null          no fault
import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { scim } from "@better-auth/scim";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";

const adminToken = process.env.BRIDGE_ADMIN_TOKEN;
if (!adminToken) {
  console.error("BRIDGE_ADMIN_TOKEN is not set");
  process.exit(2);
}
const port = Number(process.argv[2] ?? process.env.PORT ?? 0);

const domain = "tests";
const actor = "bridge";
const scopes = ["scim.users.read", "scim.users.write", "scim.groups.read", "scim.groups.write"];

class Refusal extends Error {
  constructor(statusCode, message, extraHeaders = {}) {
    super(message);
    Object.assign(this, { statusCode, extraHeaders });
  }
}

function serviceProvider(baseURL) {
  const plugin = scim({
    connections: [],
    managedConnections: {
      credentialHashSecret: randomBytes(32).toString("hex"),
      maxActiveCredentials: 20,
      lastUsedWriteIntervalSeconds: 1,
    },
  });
  const models = ["user", "session", "account", "verification", ...Object.keys(plugin.schema)];
  return betterAuth({
    baseURL,
    secret: randomBytes(32).toString("hex"),
    database: memoryAdapter(Object.fromEntries(models.map((model) => [model, []]))),
    plugins: [plugin],
    // The plug-in lists credentials through findMany, which otherwise stops at the hundred newest.
    advanced: { database: { defaultFindManyLimit: 100_000 } },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { level: "warn" },
  });
}

/** The credentials of the one managed connection that this process keeps. */
class Credentials {
  #api;
  #connection; // a promise of {connectionId, first}: two first mints at once must not make two connections
  #labels = new Map();

  constructor(api) {
    this.#api = api;
  }

  async mint(label, ttlSeconds) {
    const policy = { provisioningDomainId: domain, actorId: actor, scopes, expiresAt: new Date(Date.now() + ttlSeconds * 1000) };
    const { credential, token } = await this.#issue(policy);
    this.#labels.set(credential.credentialId, label);
    return { ...this.#view(credential), token };
  }

  async #issue(policy) {
    if (!this.#connection) {
      this.#connection = this.#api.createSCIMManagedConnection({ body: { ...policy, creationRequestId: randomUUID() } });
      this.#connection.catch(() => (this.#connection = undefined));
      return this.#connection;
    }
    const { connection } = await this.#connection;
    return this.#api.rotateSCIMManagedCredential({ body: { ...policy, connectionId: connection.connectionId } });
  }

  async live() {
    if (!this.#connection) return [];
    const { connection } = await this.#connection;
    const state = await this.#api.getSCIMManagedConnection({
      body: { connectionId: connection.connectionId, provisioningDomainId: domain },
    });
    return state.credentials.filter((credential) => credential.status === "active").reverse().map((credential) => this.#view(credential));
  }

  async get(id) {
    const found = (await this.live()).find((token) => token.id === id);
    if (!found) throw new Refusal(404, "no such token");
    return found;
  }

  async revoke(id) {
    await this.get(id);
    const { connection } = await this.#connection;
    await this.#api.revokeSCIMManagedCredential({
      body: { connectionId: connection.connectionId, provisioningDomainId: domain, credentialId: id, actorId: actor },
    });
  }

  #view(credential) {
    return {
      id: credential.credentialId,
      label: this.#labels.get(credential.credentialId) ?? null,
      status: credential.status,
      created_at: credential.createdAt,
      expires_at: credential.expiresAt,
      last_used_at: credential.lastUsedAt,
    };
  }
}

const fault = { mint: null, count: 0, delay_ms: 5000 };

function takeMintFault() {
  if (fault.count <= 0) return null;
  fault.count -= 1;
  return fault.mint;
}

function isAdmin(request) {
  // Digests have one length, as timingSafeEqual demands.
  const digest = (text) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ""), digest(`Bearer ${adminToken}`));
}

async function readJson(request) {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 65536) throw new Refusal(413, "body too large");
  }
  try {
    const body = JSON.parse(text || "{}");
    if (body !== null && typeof body === "object") return body;
  } catch {}
  throw new Refusal(400, "the body is not a JSON object");
}

function positive(value, name) {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new Refusal(400, `${name} must be a positive integer`);
  return number;
}

async function admin(credentials, request, response, url) {
  if (!isAdmin(request)) throw new Refusal(401, "admin token required", { "WWW-Authenticate": 'Bearer realm="admin"' });
  const [, , what, id, ...rest] = url.pathname.split("/");
  const route = `${request.method} ${what}${id ? "/ID" : ""}`;
  if (rest.length > 0) throw new Refusal(404, "no such route");
  switch (route) {
    case "POST tokens": {
      const body = await readJson(request);
      const ttl = positive(body.ttl_seconds, "ttl_seconds");
      const doing = takeMintFault();
      if (doing === "refuse") throw new Refusal(503, "minting is refused for now", { "Retry-After": "1" });
      const minted = await credentials.mint(String(body.label ?? ""), ttl);
      if (doing === "lose_reply") return response.destroy();
      if (doing === "slow") await sleep(fault.delay_ms);
      return reply(response, 201, minted);
    }
    case "GET tokens": {
      const page = positive(url.searchParams.get("page") ?? 1, "page");
      const size = positive(url.searchParams.get("per_page") ?? 50, "per_page");
      const all = await credentials.live();
      const tokens = all.slice((page - 1) * size, page * size);
      return reply(response, 200, { tokens, next_page: page * size < all.length ? page + 1 : null });
    }
    case "GET tokens/ID":
      return reply(response, 200, await credentials.get(id));
    case "DELETE tokens/ID":
      await credentials.revoke(id);
      return reply(response, 204);
    case "POST faults": {
      const { mint = null, count = 1, delay_ms = 5000 } = await readJson(request);
      if (![null, "lose_reply", "refuse", "slow"].includes(mint)) throw new Refusal(400, "unknown fault");
      Object.assign(fault, { mint, count: mint ? positive(count, "count") : 0, delay_ms: positive(delay_ms, "delay_ms") });
      return reply(response, 200, fault);
    }
    default:
      throw new Refusal(404, "no such route");
  }
}

function reply(response, status, body, headers = {}) {
  response.writeHead(status, { "Cache-Control": "no-store", ...(body && { "Content-Type": "application/json" }), ...headers });
  response.end(body && JSON.stringify(body));
}

const server = createServer();
server.listen(port, "127.0.0.1", () => {
  // Only now is the port known, which better-auth puts into the `meta.location` of its resources.
  const base = `http://127.0.0.1:${server.address().port}`;
  const auth = serviceProvider(base);
  const credentials = new Credentials(auth.api);
  const scimHandler = toNodeHandler(auth);
  server.on("request", (request, response) => {
    const url = new URL(request.url, base);
    if (!url.pathname.startsWith("/admin/")) return scimHandler(request, response);
    admin(credentials, request, response, url).catch((error) => {
      // better-auth's own refusals carry statusCode too (409: too many live credentials).
      if (!error.statusCode) console.error(error);
      reply(response, error.statusCode ?? 500, { error: error.message }, error.extraHeaders);
    });
  });
  console.log(`listening ${base}`);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
