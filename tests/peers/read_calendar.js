// Reads a room's calendar with Microsoft's own libraries and prints what they made of it.
// The one argument is JSON: where the service is, who asks, and for what.

import { ConfidentialClientApplication } from "@azure/msal-node";
import { Client, GraphError, PageIterator } from "@microsoft/microsoft-graph-client";

const asked = JSON.parse(process.argv[2]);

async function login() {
  const application = new ConfidentialClientApplication({
    auth: {
      clientId: asked.client_id,
      clientSecret: asked.client_secret,
      authority: `${asked.login_url}/${asked.tenant_id}`,
      knownAuthorities: [new URL(asked.login_url).host], // of others it would ask Microsoft
    },
  });
  const scopes = ["https://graph.microsoft.com/.default"];
  return (await application.acquireTokenByClientCredential({ scopes })).accessToken;
}

async function read(token) {
  const client = Client.initWithMiddleware({
    authProvider: { getAccessToken: async () => token },
    baseUrl: asked.graph_url,
    customHosts: new Set([new URL(asked.graph_url).hostname]), // no other host gets the token
  });
  const headers = asked.prefer ? { Prefer: asked.prefer } : {};
  const first = await client
    .api(`/users/${asked.mailbox}/calendarView`)
    .query({ startDateTime: asked.start, endDateTime: asked.end })
    .top(asked.page)
    .headers(headers)
    .get();
  const events = [];
  const keep = (event) => events.push(event) > 0;
  await new PageIterator(client, first, keep, { headers }).iterate();
  return { events };
}

function refused(error) {
  if (error instanceof GraphError) {
    return { name: "GraphError", status: error.statusCode, code: error.code };
  }
  return { name: error.name, status: error.status, code: error.errorCode };
}

const answer = await login().then(read).catch((error) => ({ error: refused(error) }));
console.log(JSON.stringify(answer));
