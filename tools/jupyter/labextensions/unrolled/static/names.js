// Names for the controls that ipywidgets leaves without one: the handle of a slider and the number beside it stand next to
// a label that is not theirs, the buttons of a player hold an icon alone, and no option of ipywidgets changes that. With
// this small extension of JupyterLab a screen reader says "hidden_size" where it would say only "slider".

const NAMELESS = '.widget-slider [role=slider], .widget-slider .widget-readout, .widget-play button';
const ICONS = { 'fa-play': 'play or pause', 'fa-pause': 'play or pause', 'fa-stop': 'stop', 'fa-retweet': 'repeat' };

function nameOf(control) {
  if (control.matches('button')) return ICONS[control.firstElementChild.classList[1]];
  const label = control.closest('.widget-slider').querySelector('.widget-label').textContent;
  return control.matches('.widget-readout') ? `${label}, as a number` : label;
}

function nameControlsIn(part) {
  for (const control of part.querySelectorAll(NAMELESS)) {
    control.setAttribute('aria-label', nameOf(control));
    if (control.matches('.widget-readout')) control.setAttribute('role', 'textbox');
  }
}

function nameNew(changes) {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node instanceof HTMLElement) nameControlsIn(node); // never the inside of a picture
  }
}

// What JupyterLab expects of an extension that was built elsewhere: a container from which it takes modules by name.
(window._JUPYTERLAB ??= {}).unrolled = {
  init() {},
  async get() {
    const activate = () => new MutationObserver(nameNew).observe(document.body, { childList: true, subtree: true });
    return () => ({ __esModule: true, default: { id: 'unrolled:names', autoStart: true, activate } });
  },
};
