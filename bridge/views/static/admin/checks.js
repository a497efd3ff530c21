// Says while somebody types whether it can be right. The appliance checks everything again.

const CHECKS = {
  // Eight letters and digits, however they are parted.
  code: (value) => (value.replace(/[\s-]/g, "").length === 8 ? null : ""),
  // A name to sign in with.
  login: (value) => (/^[\p{L}\p{N}_][\p{L}\p{N}_.@+-]{0,99}$/u.test(value) ? null : ""),
  // As many characters as `minlength` says.
  length: (value, field) => {
    const missing = field.minLength - [...value].length;
    return missing > 0 ? String(missing) : null;
  },
};

export function checkFields(root) {
  for (const field of root.querySelectorAll("input[data-check]")) {
    const said = root.createElement("p");
    said.id = `${field.id}-check`;
    said.className = "check";
    said.setAttribute("role", "status");
    field.after(said);
    const described = field.getAttribute("aria-describedby");
    field.setAttribute("aria-describedby", described ? `${described} ${said.id}` : said.id);
    field.addEventListener("input", () => check(field, said));
    if (field.value) {
      check(field, said);
    }
  }
}

function check(field, said) {
  const wrong = field.value ? CHECKS[field.dataset.check](field.value, field) : null;
  const words = wrong === null ? (field.value && field.dataset.right) || "" : field.dataset.wrong;
  said.textContent = words.replace("{n}", wrong ?? "");
  said.className = `check ${wrong === null ? "right" : "wrong"}`;
}
