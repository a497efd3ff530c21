// Files and texts: says that one is too large before it is sent, and copies a text.

export function checkFiles(root) {
  for (const field of root.querySelectorAll("input[type=file][data-largest]")) {
    const said = told(root, field);
    field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby")} ${said.id}`);
    field.addEventListener("change", () => {
      const file = field.files[0];
      const large = Boolean(file) && file.size > Number(field.dataset.largest);
      said.textContent = large ? field.dataset.wrong : "";
      field.setCustomValidity(said.textContent);
    });
  }
}

export function offerCopies(root) {
  for (const text of root.querySelectorAll("textarea[data-copy]")) {
    const row = root.createElement("div");
    row.className = "copying";
    const button = root.createElement("button");
    button.type = "button";
    button.textContent = text.dataset.copy;
    const said = told(root, text);
    said.className = "check right";
    row.append(button, said);
    text.after(row);
    button.addEventListener("click", () => copy(root, text, said));
  }
}

async function copy(root, text, said) {
  try {
    await navigator.clipboard.writeText(text.value);
  } catch {
    // By plain http there is no clipboard: the text is marked, and copied as it was of old.
    text.select();
    root.execCommand("copy");
  }
  said.textContent = text.dataset.copied;
}

function told(root, field) {
  const said = root.createElement("p");
  said.id = `${field.id}-said`;
  said.className = "check wrong";
  said.setAttribute("role", "status");
  field.after(said);
  return said;
}
