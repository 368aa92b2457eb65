"use strict";

/**
 * Ask a served tweet sentiment model from Node.js.
 *
 *     import { connect } from "./sentiment.js"; // or: const { connect } = require("./sentiment");
 *
 *     const client = connect("localhost:8500");
 *     const [result] = await client.predict(["I love it"]);
 *     console.log(result.label, result.score);
 *     client.close();
 *
 * Texts are sent as they are: cleaning and tokenizing happen in the served graph. The names of the
 * classes are the model's own: each version that answers is asked for them, once.
 */

const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

/** How often texts are sent at most: a version may go before it has told its class names. */
const ASKS = 3;

const OPTIONS = {
  // Several addresses behind one name share the requests; only UNAVAILABLE says that nobody worked on one.
  "grpc.service_config": JSON.stringify({
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: [
      {
        name: [{ service: "tensorflow.serving.PredictionService" }],
        retryPolicy: {
          maxAttempts: 4,
          initialBackoff: "0.1s",
          maxBackoff: "1s",
          backoffMultiplier: 2,
          retryableStatusCodes: ["UNAVAILABLE"],
        },
      },
    ],
  }),
  // gRPC's 4 MiB stop an answer at about 180,000 texts.
  "grpc.max_receive_message_length": 64 * 1024 * 1024,
};

const { PredictionService } = grpc.loadPackageDefinition(
  protoLoader.loadSync(path.join(__dirname, "tensorflow_serving.proto"), { keepCase: true, longs: String }),
).tensorflow.serving;

/**
 * A connection, to be kept and shared: it is made at the first call and mended when it breaks.
 *
 * @param {string} [address] host:port
 * @param {object} [options]
 * @param {string} [options.modelName] name under which the model is served
 * @param {number} [options.timeoutS] seconds that a request may take
 * @param {grpc.ChannelCredentials} [options.credentials] plain text by default; for TLS
 *   grpc.credentials.createSsl(fs.readFileSync("ca.pem"))
 */
function connect(address = "localhost:8500", options = {}) {
  const { modelName = "tweet_sentiment", timeoutS = 5 } = options;
  const credentials = options.credentials ?? grpc.credentials.createInsecure();
  const stub = new PredictionService(address, credentials, OPTIONS);
  const call = (method, request) => answer(stub, method, request, timeoutS);
  const names = new Map();
  // Versions that have no signature `label`, and whether one of them answered last.
  const plain = { versions: new Set(), last: false };

  /** What `ask` gets, read by the class names of the version that gave it. */
  const named = async (texts, ask, read) => {
    if (!Array.isArray(texts)) throw new TypeError(`pass an array of texts, received ${typeof texts}`);
    if (texts.length === 0) return [];
    for (let left = ASKS; ; left -= 1) {
      const response = await ask();
      const version = response.model_spec.version.value;
      // A promise, so that calls at once learn the names once.
      if (!names.has(version)) names.set(version, classNames(call, modelName, version));
      try {
        return read(response.outputs, texts.length, await names.get(version));
      } catch (error) {
        names.delete(version);
        // The version has gone meanwhile, or another model has come under its number.
        if (left === 1 || !(error.code === grpc.status.NOT_FOUND || error instanceof OtherNames)) throw error;
      }
    }
  };

  return {
    /**
     * The sentiment of each text, in order.
     *
     * @param {Array<string | Buffer>} texts raw texts, some thousands at most; a Buffer is sent byte for byte
     * @returns {Promise<Array<{label: string, score: number, known: ?number, probabilities: Object<string, number>}>>}
     *   `known` is the share of a text's tokens that the model's vocabulary has, null where it does not tell;
     *   rejected by gRPC's error, with `code` and `details`, where the call fails
     */
    predict: (texts) => named(texts, () => predict(call, modelName, texts, plain), predictions),
    /**
     * The same, and what each word does to it.
     *
     * @param {Array<string | Buffer>} texts raw texts, some dozens at most: each word of each is an answer of its own
     * @returns {Promise<Array<{label: string, score: number, known: number, probabilities: Object<string, number>,
     *   words: Array<{text: string, known: boolean, effects: Object<string, number>}>}>>}
     *   `effects` tells how much each class's probability falls without the word: it is positive of a word that speaks
     *   for the class; rejected with the code FAILED_PRECONDITION by a version that has no signature `explain`
     */
    explain: (texts) =>
      named(texts, () => call("Predict", predictRequest(modelName, texts, "explain")), explanations),
    close: () => stub.close(),
  };
}

class OtherNames extends Error {}

/** Ask the signature that tells most; a version without it is asked the default one from then on. */
async function predict(call, modelName, texts, plain) {
  const ask = (signature, version, asked = texts) =>
    call("Predict", predictRequest(modelName, asked, signature, version));
  const lacksLabel = (error) =>
    error.code === grpc.status.FAILED_PRECONDITION && error.details.includes('"label"');
  if (!plain.last) {
    try {
      return await ask("label");
    } catch (error) {
      if (!lacksLabel(error)) throw error;
    }
  }
  const response = await ask("");
  const version = response.model_spec.version.value;
  if (!plain.last && !plain.versions.has(version)) {
    // The version that refused may be the one before.
    const error = await ask("label", version, [""]).catch((error) => error);
    if (error instanceof Error && lacksLabel(error)) plain.versions.add(version);
  }
  plain.last = plain.versions.has(version);
  return response;
}

/** The class names of a version, in the order of its probabilities. */
async function classNames(call, modelName, version) {
  const text = { bytes_list: { value: [Buffer.alloc(0)] } };
  const response = await call("Classify", {
    model_spec: { name: modelName, signature_name: "classify", version: { value: version } },
    input: { example_list: { examples: [{ features: { feature: { text } } }] } },
  });
  const [row] = response.result?.classifications ?? [];
  if (!row?.classes?.length) throw new Error(`version ${version} does not tell the names of its classes`);
  return row.classes.map(({ label }) => label);
}

function answer(stub, method, request, timeoutS) {
  const deadline = Date.now() + timeoutS * 1000;
  return new Promise((resolve, reject) => {
    stub[method](request, { deadline }, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

function predictRequest(modelName, texts, signature, version) {
  return {
    model_spec: {
      name: modelName,
      signature_name: signature,
      ...(version === undefined ? {} : { version: { value: version } }),
    },
    inputs: {
      text: {
        dtype: "DT_STRING",
        tensor_shape: { dim: [{ size: texts.length }] },
        // UTF-8; half of a surrogate pair has none and becomes U+FFFD, as it does in Python's client.
        string_val: texts.map((text) => (Buffer.isBuffer(text) ? text : Buffer.from(text, "utf8"))),
      },
    },
  };
}

function predictions(outputs, count, names) {
  const values = outputs?.probabilities?.float_val ?? [];
  const width = names.length;
  if (values.length !== count * width) {
    throw new OtherNames(`expected ${width} probabilities a text, the answer to ${count} texts has ${values.length}`);
  }
  return Array.from({ length: count }, (_, row) => {
    const found = prediction(values.slice(row * width, (row + 1) * width), names);
    const label = outputs.label?.string_val[row]?.toString();
    if (label !== undefined && label !== found.label) {
      throw new OtherNames(`the model says "${label}", and the names of its classes say "${found.label}"`);
    }
    return { ...found, known: outputs.known?.float_val?.[row] ?? null };
  });
}

function explanations(outputs, count, names) {
  const time = outputs.tokens.string_val.length / count;
  return predictions(outputs, count, names).map((found, row) => {
    const places = Array.from({ length: time }, (_, place) => row * time + place);
    const words = places
      .filter((place) => outputs.tokens.string_val[place].length)
      .map((place) => word(outputs, place, names));
    const known = words.filter((one) => one.known).length / Math.max(words.length, 1);
    return { ...found, known, words };
  });
}

function word(outputs, place, names) {
  const effects = outputs.effects.float_val.slice(place * names.length, (place + 1) * names.length);
  return {
    text: outputs.tokens.string_val[place].toString(),
    known: outputs.known.bool_val[place],
    effects: Object.fromEntries(names.map((label, index) => [label, effects[index]])),
  };
}

function prediction(values, names) {
  const score = Math.max(...values);
  const probabilities = Object.fromEntries(names.map((label, index) => [label, values[index]]));
  return { label: names[values.indexOf(score)], score, probabilities };
}

module.exports = { connect };
