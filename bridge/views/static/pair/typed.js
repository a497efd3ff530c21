// The command that binds a display. Its code is never parted at the hyphen: who types it would wonder.

export function typed(element, code) {
  const words = `roombridge displays pair ${code} ROOM`;
  if (element.textContent === words) return;
  const whole = document.createElement("span");
  whole.className = "whole";
  whole.textContent = code;
  element.replaceChildren("roombridge displays pair ", whole, " ROOM");
}
