// Shows the contract this server publishes, and sends requests to it. Everything is read from
// /openapi.yaml, /operations and /version; text from there is only ever set as text.
"use strict";

const $ = (id) => document.getElementById(id);

/** An element with attributes and children. */
function element(tag, attributes = {}, ...children) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...children);
  return made;
}

/** Text in which `code` and **strong** are marked up. */
function prose(text = "") {
  const parts = text.trim().split(/(`[^`]+`|\*\*[^*]+\*\*)/);
  return parts.map((part) =>
    part.startsWith("`") ? element("code", {}, part.slice(1, -1))
      : part.startsWith("**") ? element("strong", {}, part.slice(2, -2))
        : part);
}

/** One row of a table; each cell is a list of nodes. */
function row(table, ...cells) {
  const [first, ...rest] = cells;
  const line = element("tr", {}, element("th", { scope: "row" }, ...first));
  line.append(...rest.map((cell) => element("td", {}, ...cell)));
  document.querySelector(`#${table} tbody`).append(line);
  return line;
}

/** JSON for reading: what is short stays on one line, and rows of numbers a little longer. */
function pretty(value, indent = "") {
  if (value === null || typeof value !== "object") return Object.is(value, -0) ? "-0" : JSON.stringify(value);
  const list = Array.isArray(value);
  const deeper = indent + "  ";
  const items = list
    ? value.map((item) => pretty(item, deeper))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${pretty(item, deeper)}`);
  const [open, close] = list ? "[]" : "{}";
  const line = open + (list ? "" : " ") + items.join(", ") + (list ? "" : " ") + close;
  if (items.length === 0) return open + close;
  const flat = list && value.every((item) => item === null || typeof item !== "object");
  if (line.length + indent.length <= (flat ? 120 : 72) && !line.includes("\n") && (list || indent)) return line;
  return `${open}\n${deeper}${items.join(`,\n${deeper}`)}\n${indent}${close}`;
}

let contract;

/** Follows a reference inside the contract. */
function resolve(node) {
  if (!node?.$ref) return node;
  return resolve(node.$ref.slice(2).split("/").reduce((at, step) => at[step], contract));
}

function values(schema) {
  const words = schema.enum ?? resolve(schema.oneOf?.[0])?.enum;
  if (words) {
    return words.flatMap((one) => [element("code", {}, one), one === schema.default ? " (default) " : " "]);
  }
  return prose(schema.type === "boolean" ? "`true` `false` (default)" : "");
}

function showContract() {
  const document_ = contract.components.schemas.Document;
  for (const [name, schema] of Object.entries(document_.properties)) {
    const needed = document_.required.includes(name) ? [" (required)"] : [];
    row("fields", [element("code", {}, name), ...needed], prose(schema.description), values({ ...resolve(schema), ...schema }));
  }
  for (const [path, methods] of Object.entries(contract.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const route = `${method.toUpperCase()} ${path}`;
      const plain = method === "get" && !path.includes("{");
      const shown = element("code", {}, route);
      row("routes",
        [plain ? element("a", { href: path }, shown) : shown],
        [element("strong", {}, operation.summary), " ", ...prose(operation.description)],
        [Object.keys(operation.responses).join(" ")]);
      if (operation.requestBody) $("endpoint").append(element("option", { value: path }, route));
    }
  }
  $("endpoint").addEventListener("change", listExamples);
  $("example").addEventListener("change", showExample);
  listExamples();
}

function examples() {
  const { requestBody } = contract.paths[$("endpoint").value].post;
  return resolve(requestBody).content["application/json"].examples;
}

/** Fills the menu, and keeps the example (and what was typed) when the endpoint offers it too. */
function listExamples() {
  const before = $("example").value;
  const offered = examples();
  $("example").replaceChildren(...Object.entries(offered).map(([name, example]) =>
    element("option", { value: name }, resolve(example).summary)));
  if (before in offered) $("example").value = before;
  else showExample();
}

function showExample() {
  $("body").value = pretty(resolve(examples()[$("example").value]).value);
}

async function send(event) {
  event?.preventDefault();
  const status = $("status");
  status.className = "";
  status.textContent = "Waiting …";
  const start = performance.now();
  try {
    const headers = { "content-type": "application/json" };
    const response = await fetch($("endpoint").value, { method: "POST", headers, body: $("body").value });
    const text = await response.text();
    const spent = (performance.now() - start).toFixed(1);
    status.className = response.ok ? "good" : "bad";
    status.textContent = `${response.status} in ${spent} ms, ${text.length} characters`;
    try {
      $("answer").textContent = pretty(JSON.parse(text));
    } catch {
      $("answer").textContent = text;
    }
  } catch (error) {
    status.className = "bad";
    status.textContent = `No answer: ${error.message}`;
    $("answer").textContent = "";
  }
}

async function copy() {
  const quoted = $("body").value.replaceAll("'", "'\\''");
  const command = `curl -H 'content-type: application/json' ${location.origin}${$("endpoint").value} -d '${quoted}'`;
  try {
    await navigator.clipboard.writeText(command);
    $("status").textContent = "Copied";
  } catch {
    $("answer").textContent = command;
  }
}

function showOperations({ operations }) {
  const lines = operations.map((operation) => {
    const aliases = operation.aliases?.length ? [" also ", element("code", {}, operation.aliases.join(", "))] : [];
    const line = row("operations",
      [element("code", {}, operation.signature)],
      [...prose(operation.summary), ...aliases],
      prose(operation.shape),
      operation.derivative ? [element("code", {}, operation.derivative)] : [],
      prose(operation.kinks));
    return [line, line.textContent.toLowerCase()];
  });
  $("filter").addEventListener("input", () => {
    const wanted = $("filter").value.toLowerCase();
    for (const [line, text] of lines) line.hidden = !text.includes(wanted);
  });
}

$("request").addEventListener("submit", send);
$("copy").addEventListener("click", copy);
$("body").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
});

const get = async (path) => {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response;
};
const failed = (error) => {
  $("status").className = "bad";
  $("status").textContent = error.message;
};
get("/openapi.yaml").then((r) => r.text()).then((text) => {
  contract = jsyaml.load(text);
  showContract();
}).catch(failed);
get("/operations").then((r) => r.json()).then(showOperations).catch(failed);
get("/version").then((r) => r.json()).then((v) => { $("version").textContent = v.version; }).catch(failed);
