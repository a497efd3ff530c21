// What the page shows beside its room's state: the rest of the day, and what can be done at the
// door. It is fetched once that state stands there, so that nobody waits for it to learn that.

import { begin as beginActs } from "./acts.js";
import { drawTimeline, relist } from "./timeline.js";

// Begin, with what `acts.js` needs. `show` draws a scene, `tick` tells that it is later by a second,
// `again` forgets how the last one fitted.
export function begin(door) {
  const acts = beginActs(door);

  function show(scene) {
    drawTimeline(scene);
    acts.show(scene);
  }

  return { show, tick: acts.tick, again: relist };
}
