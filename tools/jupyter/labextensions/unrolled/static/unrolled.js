// What the course adds to JupyterLab, where no option of JupyterLab or ipywidgets does it: names of controls, the End key,
// the focus after a touch, still pictures of explorers whose kernel is gone, answers that stay folded, what to do when a new kernel
// knows no name, printed tables that scroll, signs that something is cut, and dark pictures on a dark page. From the still pictures
// on, they change only what is shown.

// Names. The handle of a slider and the number beside it stand next to a label that is not theirs, and the buttons of a
// player contain only an icon. With these names a screen reader says "hidden_size" where it would only say "slider".

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

// The End key. The library behind a slider sends the handle to the largest value of the beginning, also when an explorer has
// given the slider another one since.

function goToTheEnd(event) {
  const slider = event.key === 'End' && event.target.matches?.('.noUi-handle') && event.target.closest('.noUi-target');
  if (!slider) return;
  slider.noUiSlider.set(event.target.getAttribute('aria-valuemax'));
  event.preventDefault();
  event.stopPropagation();
}

// A finger. It moves a slider without giving it the focus, as a mouse does; on a narrow page what has the focus stays in view.
// The number beside the slider keeps the focus that it gets, and is selected as a whole: somebody wants to type another one.

function focusTouched({ type, target }) {
  if (target.matches?.('.widget-readout')) return type === 'click' && getSelection().selectAllChildren(target);
  target.closest?.('.unrolled-controls .widget-slider')?.querySelector('.noUi-handle:not(:focus)')?.focus({ preventScroll: true });
}

// Still pictures. A notebook that JupyterLab itself saved contains the explorer twice: as a widget, which needs the kernel
// that made it, and as a picture. When JupyterLab opens it and finds no such widget, it shows the picture instead.

const WIDGET = 'application/vnd.jupyter.widget-view+json';

function showPicture(app, message) {
  for (const panel of app.shell.widgets('main')) {
    for (const { outputArea } of panel.content?.widgets ?? []) {
      const outputs = outputArea?.node.contains(message) ? outputArea.model : { length: 0 };
      for (let i = 0; i < outputs.length; i++) {
        const { [WIDGET]: widget, ...data } = outputs.get(i).data;
        if (widget && data['text/html']) outputs.get(i).setData({ data });
      }
    }
  }
}

// Guesses. JupyterLab opens folded outputs when their cell runs. That is right for a learner who guesses and then runs the cell.
// When all cells run, nobody has guessed yet. So what answers a guess is folded again, as soon as its cell is sent to the kernel.

function keepAnswersFolded(app, { id, result }) {
  if (!/^notebook:.*run-(all|to-selected)/.test(id)) return;
  const cells = app.shell.currentWidget?.content?.widgets ?? [];
  const answers = cells.filter((cell) => cell.model.type === 'code' && cell.model.getMetadata('tags')?.includes('after-guess'));
  const fold = (model) => {
    if (model.executionState !== 'running') return;
    model.stateChanged.disconnect(fold);
    answers.find((cell) => cell.model === model).outputHidden = true;
  };
  for (const { model } of answers) {
    model.stateChanged.connect(fold);
    fold(model); // it may have been sent already
  }
  const end = () => answers.forEach(({ model }) => model.stateChanged.disconnect(fold));
  result.then(end, end); // no run follows if a question, such as the one before a restart, was answered with no
}

// Lost names. After a restart the kernel knows no name, and has not imported what explains errors either. Where that is imported,
// its explanation is another output of the cell.

function sayWhatToRun(printed) {
  if (!/^NameError: name '\w+' is not defined/m.test(printed.textContent) || printed.previousElementSibling) return;
  if (printed.closest('.jp-OutputArea')?.querySelectorAll(':scope > .jp-OutputArea-child').length !== 1) return;
  const advice = 'Run the first cell of this notebook, then each cell that begins with "# needed below", then this section.';
  printed.before(Object.assign(document.createElement('p'), { textContent: advice, className: 'unrolled-advice' }));
}

// Printed tables. JupyterLab wraps every printed line, also inside a number. Text is wrapped between words, and a table not at all:
// at least half of its lines, and two of them, have a gap of two spaces or begin with four.

const ALIGNED = /^ {4,}\S|\S {2,}\S/;

function keepTogether(printed) {
  const lines = printed.textContent.split('\n').filter((line) => line.trim());
  const aligned = lines.filter((line) => ALIGNED.test(line)).length;
  printed.classList.toggle('unrolled-aligned', aligned > 1 && 2 * aligned >= lines.length);
}

// Style. In the place of folded outputs JupyterLab writes the first line of them, which may be the answer: here nobody sees it, and
// no screen reader says it. What is cut has a shadow at its edge, and a line that says so, where the browser can tell. Dark pictures:
// black and white change places, and a colour stays the colour it is. A live explorer brings the same rule.

const STYLE = `.jp-OutputPlaceholder .jp-PlaceholderText { font-size: 0; visibility: hidden; white-space: normal;
  &::before { visibility: visible; font-size: var(--jp-ui-font-size1); content: "After your guess: click to see the result" } }
.jp-RenderedMarkdown details { margin-bottom: 1em } /* JupyterLab leaves no room below it */
.jp-RenderedMarkdown { overflow-wrap: break-word } /* a long name breaks where it would be cut */
.unrolled-advice { font: bold var(--jp-content-font-size1) / 1.5 var(--jp-content-font-family); color: var(--jp-content-font-color1) }
.jp-RenderedText pre { word-break: normal; overflow-wrap: break-word }
.jp-RenderedText pre.unrolled-aligned { white-space: pre; overflow-x: auto }
.jp-OutputArea-output :is(div:has(> table), pre.unrolled-aligned) { background: /* a shadow where it goes on to the right */
  linear-gradient(90deg, transparent, var(--jp-layout-color0) 50%) 100% / 40px 100% no-repeat local,
  linear-gradient(270deg, rgba(128, 128, 128, .6), transparent) 100% / 14px 100% no-repeat scroll; }
@supports (animation-timeline: scroll()) { .jp-OutputArea-output :is(div:has(> table), pre.unrolled-aligned)::after {
  content: "↔ Scroll sideways to see the rest."; display: block; height: 0; overflow: hidden;
  font: 12px/20px var(--jp-ui-font-family); animation: unrolled-wide linear both; animation-timeline: scroll(x); } }
@keyframes unrolled-wide { from, to { height: 20px } }
[data-jp-theme-light="false"] .widget-dropdown > select { appearance: auto; background-image: none } /* its arrow is dark, too */
[data-jp-theme-light="false"] .jp-OutputArea-output :is(svg[role="img"], img[src^="data:image"])
  { filter: invert(.9) hue-rotate(180deg); }`;

function activate(app) {
  document.head.append(Object.assign(document.createElement('style'), { textContent: STYLE }));
  document.addEventListener('keydown', goToTheEnd, true);
  for (const kind of ['touchend', 'click']) document.addEventListener(kind, focusTouched, true);
  app.commands.commandExecuted.connect((commands, run) => keepAnswersFolded(app, run));
  const lookAt = (node) => {
    for (const printed of node.parentElement?.querySelectorAll('.jp-RenderedText pre') ?? []) {
      keepTogether(printed);
      sayWhatToRun(printed);
    }
    if (node instanceof HTMLElement) nameControlsIn(node); // never the inside of a picture
    else if (node.data?.startsWith('Error displaying widget')) showPicture(app, node.parentElement);
  };
  new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach(lookAt))).observe(document.body, {
    childList: true,
    subtree: true,
  });
}

// What JupyterLab expects of an extension that was built elsewhere: a container from which it takes modules by name.
(window._JUPYTERLAB ??= {}).unrolled = {
  init() {},
  get: async () => () => ({ __esModule: true, default: { id: 'unrolled:plugin', autoStart: true, activate } }),
};
