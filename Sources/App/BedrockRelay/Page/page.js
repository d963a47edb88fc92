"use strict";

// Shows status.json, every two seconds. Everything is put in as text, never as markup.

const PERIOD = 2000;
const byId = (id) => document.getElementById(id);

// ------------------------------------------------------------------------------------------------------------ words

const count = (n) => {
  if (n === null || n === undefined) return "–";
  const magnitude = Math.abs(n);
  if (magnitude >= 1e9) return `${(n / 1e9).toFixed(1)} G`;
  if (magnitude >= 1e6) return `${(n / 1e6).toFixed(1)} M`;
  if (magnitude >= 1e4) return `${(n / 1e3).toFixed(magnitude >= 1e5 ? 0 : 1)} k`;
  return Number.isInteger(n) ? n.toLocaleString("en") : magnitude >= 100 ? n.toFixed(0) : magnitude >= 10 ? n.toFixed(1) : n.toFixed(2);
};
const bytes = (n) => (n >= 1 << 30 ? `${(n / (1 << 30)).toFixed(1)} GiB` : n >= 1 << 20 ? `${(n / (1 << 20)).toFixed(1)} MiB` : `${Math.ceil(n / 1024)} KiB`);
const seconds = (s) => {
  if (s === null || s === undefined) return "–";
  if (s < 0.001) return `${Math.round(s * 1e6)} µs`;
  if (s < 1) return `${s < 0.01 ? (s * 1000).toFixed(1) : Math.round(s * 1000)} ms`;
  if (s < 120) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  return s < 172800 ? `${(s / 3600).toFixed(1)} h` : `${Math.floor(s / 86400)} d`;
};
const dollars = (d) => (d >= 100 ? `$${d.toFixed(0)}` : d >= 0.01 || d === 0 ? `$${d.toFixed(2)}` : `$${d.toFixed(5)}`);
const percent = (part, whole) => (whole === 0 ? "–" : part === 0 ? "0 %" : `${((100 * part) / whole).toFixed(part / whole < 0.1 ? 1 : 0)} %`);

// --------------------------------------------------------------------------------------------------------- elements

const element = (tag, className, ...children) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null));
  return node;
};
const shape = (tag, attributes) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};
const row = (table, cells) => {
  const labels = [...byId(table).querySelectorAll("th")].map((th) => th.textContent);
  const tr = element("tr");
  cells.forEach((cell, i) => {
    const [text, className] = Array.isArray(cell) ? cell : [cell, ""];
    const td = element("td", className, String(text));
    td.dataset.label = labels[i];
    tr.append(td);
  });
  return tr;
};
const fill = (table, rows, otherwise) => {
  if (rows.length === 0) {
    const td = element("td", "empty", otherwise);
    td.colSpan = byId(table).querySelectorAll("th").length;
    rows = [element("tr", "", td)];
  }
  byId(table).tBodies[0].replaceChildren(...rows);
};

// ----------------------------------------------------------------------------------------------------------- sections

const finished = (totals) => totals.success + totals.error + totals.invalid;

const showHead = (status) => {
  const [word, className] = !status.healthy ? ["unhealthy", "bad"] : !status.ready ? ["not ready", "warn"] : ["running", "good"];
  byId("state").textContent = word;
  byId("state").className = `pill ${className}`;
  byId("identity").textContent = `${status.instance} · version ${status.version} · up ${seconds((status.time_ms - status.started_ms) / 1000)}`;
  const problem = status.problem;
  byId("notice").hidden = problem === null;
  byId("notice").textContent = problem ?? "";
};

const showTiles = (status) => {
  const window = status.window;
  const done = finished(window);
  const perSecond = done / status.window_s;
  const oldest = Math.max(0, ...status.partitions.map((partition) => partition.oldest_s ?? 0));
  const lags = status.partitions.map((partition) => partition.lag).filter((lag) => lag !== null);
  const failing = done > 0 && window.error / done > 0.05;
  const tiles = [
    ["Throughput", count(perSecond), "/s"],
    ["Failed", percent(window.error, done), "", failing ? "bad-text" : ""],
    ["Latency p50", seconds(window.p50_s), ""],
    ["Latency p95", seconds(window.p95_s), ""],
    ["In flight", count(status.now.in_flight), ""],
    ["Held for capacity", count(status.now.held), "", status.now.held > 0 ? "warn-text" : ""],
    ["Lag", lags.length === 0 ? "–" : count(lags.reduce((a, b) => a + b, 0)), ""],
    ["Oldest request", oldest > 0 ? seconds(oldest) : "–", "", oldest > 300 ? "bad-text" : ""],
    ["Cost", dollars((window.cost_usd / status.window_s) * 3600), "/h"],
    ["Tokens", count(((window.prompt_tokens + window.completion_tokens) / status.window_s) * 60), "/min"],
    ["Memory held", bytes(status.now.buffered_bytes), ""],
    ["Spent since start", dollars(status.total.cost_usd), ""],
  ];
  byId("tiles").replaceChildren(
    ...tiles.map(([name, value, unit, className]) =>
      element("div", "", element("dt", "", name), element("dd", className ?? "", value, unit ? element("small", "", unit) : null))));
  byId("span").textContent = `last ${seconds(status.window_s)}; rates and percentiles below are of the same time`;
};

const showChart = ({ step_s, success, error, invalid }) => {
  const slots = 60;
  const [width, height] = [600, 96];
  const sums = success.map((value, i) => value + error[i] + invalid[i]);
  const peak = Math.max(1, ...sums);
  const step = width / slots;
  const bars = [shape("rect", { class: "base", x: 0, y: height - 1, width, height: 1 })];
  sums.forEach((sum, i) => {
    if (sum === 0) return;
    const x = (slots - sums.length + i) * step;
    let y = height;
    for (const [kind, values] of [["success", success], ["invalid", invalid], ["error", error]]) {
      const tall = (values[i] / peak) * (height - 2);
      if (tall === 0) continue;
      y -= tall;
      bars.push(shape("rect", { class: kind, x: x + 0.6, y, width: step - 1.2, height: tall }));
    }
  });
  byId("chart").replaceChildren(...bars);
  byId("chart-scale").textContent = `highest: ${count(peak / step_s)} /s`;
};

// How requests for groups that are not configured are counted.
const UNKNOWN = "_unknown";

const showGroups = (status) => {
  const perMinute = (n) => count((n / status.window_s) * 60);
  const known = (group) => group.name !== UNKNOWN;
  const groups = [...status.groups.filter(known), ...status.groups.filter((group) => !known(group))];
  fill("groups", groups.map(({ name, window }) => {
    const done = finished(window);
    return row("groups", [
      name === UNKNOWN ? "(not a group)" : name,
      count(done / status.window_s),
      [percent(window.error + window.invalid, done), window.error > 0 ? "bad-text" : window.invalid > 0 ? "warn-text" : ""],
      seconds(window.p50_s), seconds(window.p95_s), seconds(window.p99_s),
      count(window.retries), count(window.fallbacks),
      perMinute(window.prompt_tokens), perMinute(window.completion_tokens),
      dollars((window.cost_usd / status.window_s) * 3600),
    ]);
  }), "No model groups are configured.");
};

// With what other instances have used, where they share their state.
const usageOf = ({ usage }) => ({
  requests_this_minute: usage.requests_this_minute + usage.peer_requests_this_minute,
  tokens_this_minute: usage.tokens_this_minute + usage.peer_tokens_this_minute,
});

const stateOf = (deployment) => {
  const { limits } = deployment;
  const usage = usageOf(deployment);
  const isFull = (used, limit) => limit !== null && used >= limit;
  if (deployment.blocked) return ["blocked", ""];
  if (deployment.cooldown_s !== null) return [`cooling down, ${seconds(deployment.cooldown_s)} left`, "bad"];
  if (isFull(usage.requests_this_minute, limits.rpm) || isFull(usage.tokens_this_minute, limits.tpm)
      || isFull(deployment.in_flight, limits.max_parallel_requests)) return ["at its limit", "warn"];
  return ["available", "good"];
};

const usageRows = (name, used, limit) => {
  const entries = [element("dt", "", name), element("dd", "", limit === null ? count(used) : `${count(used)} of ${count(limit)}`)];
  if (limit === null) return entries;
  const share = limit === 0 ? 1 : Math.min(1, used / limit);
  const bar = shape("svg", { viewBox: "0 0 100 5", preserveAspectRatio: "none", "aria-hidden": "true" });
  bar.append(shape("rect", { x: 0, y: 0, width: 100 * share, height: 5 }));
  return [...entries, element("div", `meter ${share >= 1 ? "bad" : share >= 0.8 ? "warn" : ""}`, bar)];
};

const showDeployments = (status) => {
  byId("strategy").textContent = status.strategy;
  byId("deployments").replaceChildren(...status.deployments.map((deployment) => {
    const [word, className] = stateOf(deployment);
    const { limits } = deployment;
    const usage = usageOf(deployment);
    const errors = Object.entries(deployment.errors).map(([type, n]) => `${count(n)} ${type}`);
    const list = element("dl", "",
      ...usageRows("Requests this minute", usage.requests_this_minute, limits.rpm),
      ...usageRows("Tokens this minute", usage.tokens_this_minute, limits.tpm),
      ...usageRows("In flight", deployment.in_flight, limits.max_parallel_requests),
      element("dt", "", "Latency estimate"),
      element("dd", "", deployment.latency_s_per_token === null ? "–" : `${seconds(deployment.latency_s_per_token)} / token`),
      errors.length === 0 ? null : element("dd", "errors bad-text", `Failed calls: ${errors.join(", ")}`));
    const place = [deployment.model, deployment.region].filter((part) => part !== null).join(" · ");
    return element("article", `card ${className === "good" ? "" : className}`,
      element("h3", "", deployment.model_group, element("span", `pill ${className}`, word)),
      element("p", "", place, element("br"), deployment.id.length > 40 ? `${deployment.id.slice(0, 12)}…` : deployment.id), list);
  }));
};

const showPartitions = (status) => {
  byId("partition-count").textContent = status.partitions.length === 0 ? "" : `${status.partitions.length} assigned here`;
  const partitions = [...status.partitions].sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
  fill("partitions", partitions.map((partition) => row("partitions", [
    `${partition.topic} / ${partition.partition}`, count(partition.lag), count(partition.in_flight),
    [partition.oldest_s === null ? "–" : seconds(partition.oldest_s), partition.oldest_s > 300 ? "bad-text" : ""], count(partition.span),
  ])), "No partitions are assigned to this instance.");
};

const ago = (status, time) => {
  const age = Math.max(0, (status.time_ms - time) / 1000);
  return age < 1 ? "just now" : `${seconds(age)} ago`;
};

const showFailures = (status) => {
  const entries = status.failures.map((failure) => {
    const who = failure.model_group ?? "a request";
    const tried = failure.attempts.map(({ model, status }) => `${model} answered ${status}`);
    const more = [tried.join(", then "), failure.source].filter((part) => part !== "").join(" · ");
    return element("li", failure.invalid ? "invalid" : "",
      element("p", "what",
        element("span", "when", `${failure.count > 1 ? `${count(failure.count)} times, last ` : ""}${ago(status, failure.time_ms)}`),
        `${who}: ${failure.status} ${failure.type.replaceAll("_", " ")}`),
      element("p", "", failure.message), more ? element("p", "more", more) : null);
  });
  byId("failures").replaceChildren(...(entries.length > 0 ? entries : [element("li", "none", "None since this instance started.")]));
};

// ------------------------------------------------------------------------------------------------------------- update

const show = (status) => {
  showHead(status);
  showTiles(status);
  showChart(status.series);
  showGroups(status);
  showDeployments(status);
  showPartitions(status);
  showFailures(status);
};

const update = async () => {
  try {
    const answer = await fetch("status.json", { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(`the relay answered ${answer.status}`);
    show(await answer.json());
    document.body.dataset.shown = "yes";
  } catch (error) {
    byId("state").textContent = "no connection";
    byId("state").className = "pill bad";
    byId("notice").hidden = false;
    byId("notice").textContent = `The relay does not answer (${error.message}). What is shown is from before; trying again.`;
  }
  setTimeout(update, document.hidden ? 5 * PERIOD : PERIOD);
};

update();
