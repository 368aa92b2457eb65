#!/usr/bin/env node
"use strict";

/**
 * node predict.js "I love it" "so sad :(" --address localhost:8500
 *
 * Exit codes: 0, the answers are there; 1, the server refused or was not reached; 2, wrong usage.
 */

const { parseArgs } = require("node:util");
const { status } = require("@grpc/grpc-js");
const { connect } = require("./sentiment");

const USAGE = "node predict.js TEXT... [--address HOST:PORT] [--model-name NAME] [--timeout-s S] [--explain] [--json]";

function parse(words) {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      address: { type: "string", default: "localhost:8500" },
      "model-name": { type: "string", default: "tweet_sentiment" },
      "timeout-s": { type: "string", default: "5" },
      explain: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  if (positionals.length === 0) throw new Error("give at least one text");
  const timeoutS = Number(values["timeout-s"]);
  if (!(timeoutS > 0)) {
    throw new Error(`--timeout-s must be more than 0, received '${values["timeout-s"]}'`);
  }
  return { ...values, texts: positionals, modelName: values["model-name"], timeoutS };
}

function line(text, result, json) {
  if (json) return JSON.stringify({ text, ...result });
  const words = result.words?.map((word) => `${word.text} ${signed(word.effects[result.label])}`);
  return [result.label, result.score.toFixed(4), ...(words ?? [text.trim().replace(/\s+/g, " ")])].join("\t");
}

/** What a word does to the class that the text has. */
function signed(effect) {
  return `${effect < 0 ? "" : "+"}${effect.toFixed(4)}`;
}

function sentence(error, { address, modelName, timeoutS, explain }) {
  const { code, details } = error;
  switch (code) {
    case status.UNAVAILABLE:
      return `no server answers at ${address}: check the address, and that a server runs there`;
    case status.DEADLINE_EXCEEDED:
      return `no answer from ${address} within ${timeoutS} s: allow more by --timeout-s`;
    case status.NOT_FOUND:
      return `${address} serves no model "${modelName}": check --model-name (${details})`;
    case status.FAILED_PRECONDITION:
      if (explain) return `this version has no signature "explain": it is older, or was brought from elsewhere (${details})`;
      return `${address} refused the request: ${details}`;
    case undefined:
      return error.message;
    default:
      return `${address} refused the request: ${details}`;
  }
}

async function main(words) {
  let given;
  try {
    given = parse(words);
  } catch (error) {
    console.error(`predict.js: ${error.message}. Usage: ${USAGE}`);
    return 2;
  }
  let client;
  try {
    client = connect(given.address, given);
    const results = await (given.explain ? client.explain(given.texts) : client.predict(given.texts));
    results.forEach((result, index) => console.log(line(given.texts[index], result, given.json)));
    return 0;
  } catch (error) {
    console.error(`predict.js: ${sentence(error, given)}.`);
    return 1;
  } finally {
    client?.close();
  }
}

main(process.argv.slice(2)).then((code) => {
  // Not process.exit, which would cut what is still on its way into a pipe.
  process.exitCode = code;
});
