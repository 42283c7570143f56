// @ts-check
// What is answered on the pages: predictions, exercises and the quiz. Python has computed the right answers and the hints beforehand
// (tools/site_answers.py). What a reader has answered stays in this browser.
"use strict";

// ---- answers: read and judged by the steps of helpers/exercises/answers.py and guesses.py; a test compares the two

/**
 * @typedef {boolean | string | number | { near: number } | number[]} Answer near: a number of which three digits are enough
 * @typedef {{ answer: Answer, shown: string, why: string, ask: string }} Right
 * @typedef {Right & { wrong: [Answer, string][], hints: string[], axes: string[], about: string[] }} Asked
 */

const YES = ["yes", "y", "true"];
const NO = ["no", "n", "false"];

/** @param {string} typed */
function plain(typed) {
  const ascii = typed.replace(/[！-～]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0)).replaceAll("、", ",");
  const digits = ascii.replace(/[٠-٩۰-۹]/g, (digit) => String(digit.charCodeAt(0) & 15));
  return digits
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[.!? ]+$/, "")
    .toLowerCase();
}

const UNITS = "one two three four five six seven eight nine".split(" ");
const TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(" ");
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const NUMBERS = ["zero", ...UNITS, ...TEENS, ...TENS.flatMap((ten) => [ten, ...UNITS.map((unit) => `${ten}-${unit}`)])];

/** Digits in the place of the words of numbers below one hundred. @param {string} text */
function inDigits(text) {
  if (/hundred|thousand|million|minus|point|half|third|quarter|but|except/.test(text)) return text;
  const word = new RegExp(`(?<![\\p{L}\\p{N}_])(?:[a-z]+ty[ -](?:${UNITS.join("|")})|[a-z]+)(?![\\p{L}\\p{N}_])`, "gu");
  return text.replace(word, (found) => String(NUMBERS.indexOf(found.replace(" ", "-"))).replace("-1", found));
}

/** The value of each part of (2*4, 3); null where it is no such expression. @param {string} text */
function workedOut(text) {
  const tokens = text.match(/(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|\/\/|\S/g) ?? [];
  const next = () => tokens[0] ?? "";
  let depth = 0;
  const closes = () => tokens.findIndex((token) => !(depth += "([".includes(token) ? 1 : ")]".includes(token) ? -1 : 0));
  while (/^[([]$/.test(next()) && closes() === tokens.length - 1) {
    tokens.pop();
    if (tokens.shift() === "[") break; // a list is no part of anything
  }
  /** @returns {number} */
  const factor = () => {
    const token = tokens.shift() ?? "";
    if (token === "-") return -factor();
    if (token === "+") return factor();
    if (token !== "(") return /^\.?\d/.test(token) && !/^0\d*[1-9]\d*$/.test(token) ? Number(token) : NaN; // Python has no 05
    const value = sum();
    return tokens.shift() === ")" ? value : NaN;
  };
  const product = () => {
    let value = factor();
    for (let sign; (sign = /^[*/]/.test(next()) && tokens.shift());) {
      const other = factor();
      value = sign === "*" ? value * other : !other ? NaN : sign === "/" ? value / other : Math.floor(value / other);
    }
    return value;
  };
  const sum = () => {
    let value = product();
    while (/^[-+]$/.test(next())) value += tokens.shift() === "-" ? -product() : product();
    return value;
  };
  const values = [];
  while (tokens.length) {
    values.push(sum());
    if (tokens.length && tokens.shift() !== ",") return null;
  }
  return text.length > 100 || values.some(Number.isNaN) ? null : values;
}

/** Whether it means yes or no; null where it means neither. @param {string} typed */
function yesOrNo(typed) {
  const text = plain(typed)
    .replace(/^['"()]+|['"()]+$/g, "")
    .replace(/^i think /, "");
  const [first, more] = text.replace(/[,;:.]| [-–—] | (?:it|they|because|of course)\b/, "\n").split("\n").concat("");
  const said = (/** @type {string[]} */ words) => new RegExp(`\\b(?:${words.join("|")})\\b`).test(more);
  if (YES.includes(first) && !said(NO)) return true;
  return NO.includes(first) && !said(YES) ? false : null;
}

/** The letter or the word, without what is often written around it. @param {string} typed @param {string} answer */
function wordOf(typed, answer) {
  const bare = (/** @type {string} */ text) => text.replace(/^['"()]+|['"()]+$/g, "");
  const text = bare(plain(typed).replace(/^answer ?[:=] ?/, ""));
  if (answer.length > 1)
    return bare(text.split(/[,;:]/)[0].replace(/^(?:(?:i think|it is|it's|the|an?|same) )+|[ _-](?:gate|part|pass|step)$/g, ""));
  const letter = text.replace(/^(?:(?:it is|it's|line|answer|option|letter|plan|design|network) )+/, "");
  const alone = letter.replace(/^([a-z])[,;] (?!(?:.*\b)?[b-f]\b|a$).*$/, "$1"); // and a reason, without another letter
  return bare(alone.replace(/^([a-z])[:).](?: .*)?$/, "$1"));
}

/** One number in digits: none is 0, 2*9 = 18 is 18, 2 of 3 is 2, or 2/3 where a part is asked for. @param {string} text @param {boolean} isPart */
function oneNumber(text, isPart) {
  text = text.replace(/^[\d\s.()+*/x×-]+=(?=.*\d)/, "");
  text = text.replace(/\b(?:none|nothing|nobody|no one)\b/g, "0");
  text = inDigits(isPart ? text.replace(/\b(?:(?:one|a) )?half\b/g, "0.5") : text);
  if (isPart) text = text.replace(/(\d) ?(?:%|percent\b)/g, "$1/100");
  return text.replace(/(\d) (?:out )?of (?:the |all )?(\d+)\b.*/, isPart ? "$1/$2" : "$1");
}

/** The numbers in what was typed; the answer tells which of two readings is meant. @param {string} typed @param {Answer} answer */
function readNumbers(typed, answer) {
  const isPart = typeof answer === "object" && "near" in answer;
  const ascii = plain(typed).replaceAll("−", "-").replaceAll("·", "×");
  if (/\bnot\b|n't\b|≠|!=/.test(ascii)) return []; // what it is not
  let text = Array.isArray(answer) ? inDigits(ascii) : oneNumber(ascii, isPart);
  if (isPart && /^[^.,]*,[^.,]*$/.test(text)) text = text.replace(",", ".");
  if (Array.isArray(answer) && answer.length > 1) {
    if (!/[,;]/.test(text)) text = text.replaceAll("*", " ");
    else if (numbersIn(text).length !== answer.length) text = text.replace(/(?<=\d) ?[x×] ?(?=\d)/g, "*");
  } else if (!Array.isArray(answer) && /^[\d.\s()+/x×-]+$/.test(text)) text = text.replace(/[x×]/g, "*");
  return numbersIn(text);
}

/** @param {string} text */
function numbersIn(text) {
  const bare = text
    .replace(/[x×]/g, " ")
    .replace(/(?<![\d.])[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}\p{N}_]+)*\s*=?/gu, " ")
    .replace(/(?<=\d)_(?=\d)/g, "");
  return workedOut(bare) ?? (bare.match(/-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?/g) ?? []).map(Number);
}

/** @param {string} typed @param {Answer} answer */
function isRight(typed, answer) {
  if (typeof answer === "boolean") return yesOrNo(typed) === answer;
  if (typeof answer === "string") return wordOf(typed, answer) === answer.toLowerCase();
  const numbers = readNumbers(typed, answer);
  if (Array.isArray(answer)) return String(numbers) === String(answer);
  const [number] = numbers;
  if (typeof answer === "number" || numbers.length !== 1) return numbers.length === 1 && number === answer;
  return (
    Number.isFinite(number) &&
    Math.abs(number - answer.near) <= Math.max(5e-4, 1e-3 * Math.max(Math.abs(number), Math.abs(answer.near)))
  );
}

/** Which axes are wrong, and never the right sizes. @param {number[]} sizes @param {number[]} answer @param {string[]} axes */
function whatDiffers(sizes, answer, axes) {
  const whole = axes.length === 1 && answer.length > 1 ? "list" : "shape";
  if (sizes.length !== answer.length) return `you give ${sizes.length} numbers, and the ${whole} has ${answer.length}.`;
  const name = (/** @type {number} */ place) =>
    axes.length === answer.length
      ? `axis ${place} (${axes[place]}) is`
      : axes.length === 1
        ? `at ${axes[0]}=${place} it is`
        : `axis ${place} is`;
  const off = sizes.flatMap((size, place) => (size === answer[place] ? [] : [`${name(place)} not ${size}`]));
  const none = answer.length === 2 ? "neither is right" : "none is right";
  const rest = [none, "the other is right"][answer.length - off.length] ?? "the others are right";
  const swapped = String([...sizes].sort()) === String([...answer].sort());
  return `${off.join(", ")}; ${rest}.${swapped ? " These are the right sizes in another order." : ""}`;
}

/**
 * Whether an answer is right, or null where another kind is asked for; what is said about it; the hint that fits it.
 * @param {Asked} asked @param {string} typed @returns {{ right: boolean | null, said: string, hint: string }}
 */
function judge({ answer, ask, wrong, axes, about }, typed) {
  if (isRight(typed, answer)) return { right: true, said: "", hint: "" };
  let hint = wrong.find(([other]) => isRight(typed, other))?.[1] ?? "";
  if (hint) return { right: false, said: "", hint };
  const numbers = readNumbers(typed, answer);
  let [fits, said] = [numbers.length === 1, ""];
  if (typeof answer === "boolean") fits = yesOrNo(typed) !== null;
  else if (typeof answer === "string" && answer.length > 1) fits = /\p{L}/u.test(wordOf(typed, answer));
  else if (typeof answer === "string") fits = !wrong.length && /^\P{L}*\p{L}\P{L}*$/u.test(wordOf(typed, answer)); // else not offered
  else if (!Array.isArray(answer)) {
    ask = numbers.length ? "one number, please." : ask;
    said = `your number is too ${numbers[0] > (typeof answer === "number" ? answer : answer.near) ? "large" : "small"}.`;
  } else {
    [fits, said] = [numbers.length > 1 || numbers.length === answer.length, whatDiffers(numbers, answer, axes)];
    if (fits && numbers.length === answer.length) hint = about[numbers.findIndex((size, axis) => size !== answer[axis])] ?? "";
  }
  return fits ? { right: false, said, hint } : { right: null, said: ask, hint };
}

/** What this browser remembers of its reader, and no other place. @param {object} [news] @returns {Record<string, any>} */
function memory(news) {
  try {
    const known = JSON.parse(localStorage.unrolled ?? "{}");
    if (news) localStorage.unrolled = JSON.stringify(Object.assign(known, news));
    return known;
  } catch {
    return {}; // it may not be allowed to remember anything
  }
}

/** @param {ParentNode} root @param {string} selector */
const find = (root, selector) => /** @type {HTMLElement} */ (root.querySelector(selector));

/** @param {string} tag @param {string} text */
const make = (tag, text, className = "") => Object.assign(document.createElement(tag), { textContent: text, className });

/** @param {Element} form @param {boolean | null} right @param {string} said @param {string[]} hints */
function tell(form, right, said, hints = []) {
  const badge = right === null ? "" : right ? make("b", "✓ Right", "right") : make("b", "✗ Not yet", "wrong");
  const list = make("ul", "", "hints");
  list.append(...hints.map((hint) => make("li", hint)));
  find(form, "[role=status]").replaceChildren(badge, ` ${said}`, list);
}

/** @param {string} sentence */
const capitalised = (sentence) => sentence.charAt(0).toUpperCase() + sentence.slice(1);

/**
 * Call `answered` with what was typed or chosen, and the name of the button.
 * @param {HTMLFormElement} form @param {(typed: string, name: string) => void} answered
 */
function onSubmit(form, answered) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
    answered(button?.value || String(new FormData(form).get("typed") ?? ""), button?.name ?? "");
  });
}

/** A question of `predict`, or an exercise. @param {HTMLFormElement} form */
function answerForm(form) {
  /** @type {Asked} */
  const asked = JSON.parse(form.dataset.asked ?? "");
  /** @type {string[]} */
  const tried = [];
  find(form, ".reply").hidden = false;
  find(form, ".still").remove();
  onSubmit(form, (typed, name) => {
    const { right, said, hint } = judge(asked, typed);
    if (right && name !== "show") memory({ right: { ...memory().right, [form.id]: true } });
    if (right || name === "show")
      return tell(form, name === "show" ? null : right, `The answer is ${asked.shown}. ${asked.why}`);
    if (right === null) return tell(form, null, capitalised(said));
    if (!tried.includes(plain(typed))) tried.push(plain(typed)); // each other wrong answer gets one more hint
    const hints = [...new Set([hint, ...asked.hints])].filter(Boolean).slice(0, tried.indexOf(plain(typed)) + 1);
    tell(form, false, capitalised(said) || `“${typed.slice(0, 40)}” is not the answer.`, hints);
  });
}

// ---- quiz: levels and points as in helpers/exercises/quiz.py

/**
 * @typedef {Asked & { level: number, topic: string, text: string }} Question
 * @typedef {{ edition: string, level: number, streak: number, now: number, tried: string, counted: Record<string, number> }} Game
 */

/** Count the question, once: 1, for a second try 0.5, for a wrong answer 0. @param {Game} game @param {number} points */
function count(game, points) {
  if (game.now in game.counted) return;
  game.counted[game.now] = points;
  game.streak = points === 1 ? game.streak + 1 : 0;
  if (!points) game.level = Math.max(1, game.level - 1);
  else if (game.streak && game.streak % 2 === 0) game.level = Math.min(6, game.level + 1);
}

/** Another question that is not counted yet, as near to the level as can be. @param {Game} game @param {Question[]} questions */
function askAnother(game, questions) {
  const left = [...questions.keys()].filter((place) => !(place in game.counted) && place !== game.now);
  const far = (/** @type {number} */ place) => Math.abs(questions[place].level - game.level);
  const fitting = left.filter((place) => far(place) === Math.min(...left.map(far)));
  Object.assign(game, { now: fitting[Math.floor(Math.random() * fitting.length)] ?? -1, tried: "" });
}

/**
 * Show the question, and the score of each topic, the weakest first.
 * @param {HTMLFormElement} form @param {Game} game @param {Question[]} questions
 */
function showGame(form, game, questions) {
  const question = questions[game.now];
  find(form, "h2").textContent = question ? `Level ${question.level}: ${question.topic}` : "You have answered all questions";
  find(form, "pre").textContent = question?.text ?? "";
  find(form, ".reply").hidden = !question;
  const score = (topic = "") => {
    const points = Object.entries(game.counted).flatMap(([place, point]) =>
      !topic || questions[+place].topic === topic ? [point] : [],
    );
    const sum = points.reduce((total, point) => total + point, 0);
    return { share: sum / points.length, words: `${sum} of ${points.length} right` };
  };
  const rows = /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-topic]")]);
  for (const row of rows) {
    const { share, words } = score(row.dataset.topic);
    row.hidden = Number.isNaN(share);
    find(row, "b").textContent = words;
    find(row, "span").hidden = share >= 0.8;
  }
  const share = (/** @type {HTMLElement} */ row) => score(row.dataset.topic).share || 0;
  find(form, "#score ul").append(...rows.sort((a, b) => share(a) - share(b)));
  const words = `${score().words}, level ${game.level} of 6.`;
  find(form, "#score p").textContent = Number.isNaN(score().share) ? "No question is answered yet." : words;
  memory({ quiz: game });
}

/** The page of the quiz. @param {HTMLFormElement} form */
function quizForm(form) {
  /** @type {Question[]} */
  const questions = JSON.parse(find(document, "#questions").textContent ?? "");
  const edition = questions[questions.length - 1].text; // a score belongs to these questions, and not to another edition's
  /** @type {Game} */
  const game = { edition, level: 1, streak: 0, now: -1, tried: "", counted: {} };
  if (memory().quiz?.edition === edition) Object.assign(game, memory().quiz);
  onSubmit(form, (typed, name) => {
    const question = questions[game.now];
    const { right, said } = judge(question, typed);
    const key = readNumbers(typed, question.answer).join() || plain(typed); // the same answer again is no second try
    if (name === "next") {
      if (game.tried) count(game, 0); // a question left after a wrong answer
      askAnother(game, questions);
      find(form, "[role=status]").replaceChildren();
      form.reset();
      find(form, "input").focus();
    } else if (right === null && name !== "show") {
      tell(form, null, capitalised(said));
    } else if (right === false && name !== "show" && !(game.now in game.counted) && [key, ""].includes(game.tried)) {
      game.tried = key;
      tell(form, false, `${capitalised(said)} The second try counts half.`);
    } else {
      const good = right && name !== "show";
      count(game, good ? (game.tried ? 0.5 : 1) : 0);
      tell(form, name === "show" ? null : right, `${good ? "" : `It is ${question.shown}. `}${question.why}`);
      find(form, "[name=next]").focus();
    }
    showGame(form, game, questions);
  });
  form.hidden = false;
  if (!questions[game.now]) askAnother(game, questions);
  showGame(form, game, questions);
}

// ---- start

for (const form of document.querySelectorAll("form.ask")) answerForm(/** @type {HTMLFormElement} */ (form));
for (const form of document.querySelectorAll("form.quiz")) quizForm(/** @type {HTMLFormElement} */ (form));
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".forget"))) {
  if (button.hidden) button.hidden = !memory().right && !Object.keys(memory().quiz?.counted ?? {}).length;
  button.addEventListener("click", () => {
    if (!confirm("Forget all your answers, on every page of the course?")) return;
    localStorage.removeItem("unrolled");
    location.reload();
  });
}
for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-progress]"))) {
  const right = Object.keys(memory().right ?? {}).filter((id) => id.startsWith(place.dataset.progress ?? ""));
  if (right.length) place.textContent = `${right.length} of ${place.dataset.of} right · `;
}
