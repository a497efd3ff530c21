// Pages of /admin are whole without this: it only saves clicks and reloads.

import { keepAges } from "./ages.js";
import { checkFields } from "./checks.js";
import { chooseRooms } from "./choosing.js";
import { checkFiles, offerCopies } from "./files.js";
import { followAsking, tickAll } from "./proposals.js";
import { checkForms } from "./dry.js";
import { askFirst } from "./sure.js";
import { filterTree } from "./tree.js";

// What came of a form is told once: a reload would tell it again.
const here = new URL(location.href);
for (const name of ["done", "failed", "wrong", "locked", "weak", "lang"]) {
  here.searchParams.delete(name);
}
if (here.href !== location.href) {
  history.replaceState(null, "", here);
}

keepAges(document);
checkFields(document);
checkForms(document);
askFirst(document);
filterTree(document);
chooseRooms(document);
checkFiles(document);
offerCopies(document);
tickAll(document);
followAsking(document);
document.documentElement.dataset.ready = "";
