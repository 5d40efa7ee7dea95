// Has frodo make calls: one JSON object a line on standard input ({host, token, call, connector, configuration}), what
// came of it as one on standard output ({decoded} or {failed}). FRODO names the folder that its package lies in.
import { createRequire } from "node:module";
import readline from "node:readline";

const { frodo } = createRequire(`${process.env.FRODO}/`)("@rockcarver/frodo-lib");
const calls = {
  read: (idm, asked) => idm.connector.readConnector(asked.connector),
  list: (idm) => idm.connector.readConnectors(),
  save: (idm, asked) => idm.connector.updateConnector(asked.connector, asked.configuration),
  test_saved: (idm, asked) => idm.system.readSystemStatus(asked.connector),
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  const ours = frodo.createInstance({ host: `${asked.host}/am`, realm: "/", deploymentType: "forgeops" });
  ours.state.setUseTokenCache(false);
  ours.state.setBearerTokenMeta({
    access_token: asked.token,
    expires: Date.now() + 3600000,
    expires_in: 3600,
    token_type: "Bearer",
    scope: "fr:idm:*",
  });
  let told;
  try {
    told = { decoded: await calls[asked.call](ours.idm, asked) };
  } catch (error) {
    told = { failed: error.message };
  }
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
process.exit(0);
