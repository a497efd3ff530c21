// An OpenID provider written by others (panva's oidc-provider), with people who are in groups.
// Says in a line of JSON where it is, once it listens.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const given = JSON.parse(process.env.PROVIDE);
const issuer = `http://localhost:${given.port}`;

function key(kind, options, alg) {
  const { privateKey } = generateKeyPairSync(kind, options);
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg };
}

const clients = given.clients.map((one) => ({
  redirect_uris: [given.back],
  post_logout_redirect_uris: [given.out],
  ...one,
}));
const provider = new Provider(issuer, {
  clients,
  jwks: {
    keys: [
      key("rsa", { modulusLength: 2048 }, "RS256"),
      key("ec", { namedCurve: "P-256" }, "ES256"),
    ],
  },
  cookies: { keys: ["of a test"] },
  claims: {
    openid: ["sub"],
    profile: ["name", "preferred_username"],
    email: ["email"],
    groups: ["groups"],
  },
  conformIdTokenClaims: given.conform,
  ttl: { IdToken: 300 },
  async findAccount(_context, id) {
    return { accountId: id, claims: async () => ({ sub: id, ...given.people[id] }) };
  },
});
createServer(provider.callback()).listen(given.port, "localhost", () => {
  console.log(JSON.stringify({ issuer }));
});
