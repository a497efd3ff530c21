// Stands where `live.js` does, and hears from a test instead of from a bridge.

export function begin({ on }) {
  const door = {
    at: 0,                         // what the bridge's clock showed when the scene was set
    set: 0,                        // and the browser's then
    now: () => new Date(door.at + Date.now() - door.set),
    play({ at, agenda, status, display, trust }) {
      door.at = Date.parse(at);
      door.set = Date.now();
      on.trust(revived(trust));
      if (display !== undefined) on.display(display);
      if (status !== undefined) on.status(status);
      if (agenda !== undefined) on.agenda(agenda);
    },
  };
  window.door = door;
  if (window.scene) queueMicrotask(() => door.play(window.scene));
  return { now: door.now, refresh() {}, stop() {} };
}

const date = (text) => text && new Date(text);
const revived = (trust) => ({ ...trust, since: date(trust.since), asOf: date(trust.asOf) });
