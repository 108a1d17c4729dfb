(() => {
  const live = document.getElementById("live");
  let mark = document.body.dataset.mark;

  const isBusy = () => {
    const focused = document.activeElement;
    const isTyping = focused && focused.matches("input, select");
    return isTyping || !document.getSelection().isCollapsed;
  };

  const show = (text) => {
    if (live.textContent !== text) live.textContent = text;
  };

  const renew = async () => {
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (isBusy()) return;
    const focused = document.activeElement?.getAttribute("href");
    document.querySelector("main").replaceWith(page.querySelector("main"));
    mark = page.body.dataset.mark;
    const links = [...document.querySelectorAll("main a")];
    if (focused) links.find((one) => one.getAttribute("href") === focused)?.focus();
  };

  const look = async () => {
    if (document.hidden || isBusy()) return;
    try {
      const now = await (await fetch("/_page/mark")).text();
      if (now !== mark) await renew();
      show("live");
    } catch {
      show("the sandbox has stopped");
    }
  };

  document.addEventListener("keydown", (event) => {
    const field = document.querySelector("input[type=search]");
    if (event.key !== "/" || !field || event.target.matches("input, select")) return;
    event.preventDefault();
    field.focus();
  });
  setInterval(look, 1500);
  look();
})();
