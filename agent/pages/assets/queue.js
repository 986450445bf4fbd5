// While cards are being judged the queue changes; it is shown anew when that is done, unless somebody is in it.
"use strict";
(() => {
  const LOOK_MS = 1000;
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const now = await (await fetch("/review/status")).json();
      if (!now.busy && !document.activeElement.closest("main li")) location.reload();
    } catch {
      // The server has ended; what is shown stays.
    }
  }, LOOK_MS);
})();
