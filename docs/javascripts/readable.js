// What the theme leaves unnamed or out of the keyboard's reach.
document$.subscribe(() => {
  document.querySelectorAll("[data-md-component=search][role=dialog]").forEach((one) => one.setAttribute("aria-label", "Search"));
  document.querySelectorAll(".md-typeset__table, .md-typeset pre > code, .md-typeset__scrollwrap").forEach((one) => {
    if (one.scrollWidth > one.clientWidth) one.setAttribute("tabindex", "0");
  });
});
