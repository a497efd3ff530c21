// Uses a codec with Cisco's own client for Node and prints what it got.
// Its one argument is JSON: the address, the user, and what to put.

import jsxapi from "jsxapi";

const { address, username, password, list, request } = JSON.parse(process.argv[2]);

const api = jsxapi.connect(address, { username, password });
const heard = [];
let last = () => {};
const ended = new Promise((resolve) => (last = resolve));

api.on("error", (error) => {
  console.log(JSON.stringify({ refused: String(error) }));
  process.exit(0);
});

api.on("ready", async () => {
  const found = {};
  found.volume = await api.Status.Audio.Volume.get();
  await api.Config.Bookings.AdhocBooking.Enabled.set("True");
  found.adhoc = await api.Config.Bookings.AdhocBooking.Enabled.get();
  await api.Event.Bookings.on((event) => heard.push(Object.keys(event))).registration;
  await api.Status.Call.on((call) => heard.push(call.ghost ? "ghost" : call.Status)).registration;
  await api.Event.CallDisconnect.on((event) => last(event)).registration;
  found.put = await api.Command.Bookings.Put({}, JSON.stringify(list));
  found.list = await api.Command.Bookings.List({ Days: 1, DayOffset: 0 });
  await api.Command.Bookings.Book({ Title: "Spontaneous", StartTime: request, Duration: 15 });
  found.dial = await api.Command.Dial({ Number: "1@example.com", BookingId: "7" });
  found.calls = await api.Status.Call.get();
  await api.Command.Call.DTMFSend({ DTMFString: "12#" });
  await api.Command.Call.Disconnect({ CallId: found.dial.CallId });
  found.ended = await ended;
  found.refusals = [];
  for (const wrong of [
    () => api.Command.Call.Disconnect({ CallId: 9 }),
    () => api.Command.Bookings.Think(),
    () => api.Command.Bookings.List({ Days: 0 }),
  ]) {
    try {
      found.refusals.push({ done: await wrong() });
    } catch (error) {
      found.refusals.push(String(error.message ?? error));
    }
  }
  console.log(JSON.stringify({ ...found, heard }));
  api.close();
  process.exit(0);
});
