// "3 minutes ago" stays true while the page stands open, for the first hour; and says when exactly
// by the clock of whoever looks.

const HOUR = 3600;

export function keepAges(root) {
  const shown = [...root.querySelectorAll("time[data-ago]")];
  if (!shown.length) {
    return;
  }
  const began = performance.now();
  const words = root.body.dataset;
  // The browser's clock may be wrong: only how long it runs is taken from it.
  const first = shown.map((one) => ({ one, age: ageOf(one, root) }));
  for (const { one } of first) {
    one.title = new Date(one.dateTime).toLocaleString(root.documentElement.lang);
  }
  setInterval(() => {
    const passed = (performance.now() - began) / 1000;
    for (const { one, age } of first) {
      const now = age + passed;
      if (now < HOUR) {
        one.textContent = told(Math.floor(now / 60), words);
      }
    }
  }, 5000);
}

function ageOf(one, root) {
  const now = Date.parse(root.body.dataset.now);
  return Math.max(0, (now - Date.parse(one.dateTime)) / 1000);
}

function told(minutes, words) {
  if (minutes === 0) {
    return words.agoNow;
  }
  const form = minutes === 1 ? words.agoMinute : words.agoMinutes.replace("2", String(minutes));
  return form;
}
