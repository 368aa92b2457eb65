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
 * Texts are sent as they are: cleaning and tokenizing happen in the served graph.
 */

const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

/** Names of the three probabilities, in the order in which the model gives them. */
const LABELS = ["negative", "neutral", "positive"];

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
  protoLoader.loadSync(path.join(__dirname, "tensorflow_serving.proto"), { keepCase: true }),
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
  return {
    /**
     * The sentiment of each text, in order.
     *
     * @param {Array<string | Buffer>} texts raw texts, some thousands at most; a Buffer is sent byte for byte
     * @returns {Promise<Array<{label: string, score: number, probabilities: Object<string, number>}>>}
     *   rejected by gRPC's error, with `code` and `details`, where the call fails
     */
    predict: async (texts) => {
      if (!Array.isArray(texts)) throw new TypeError(`pass an array of texts, received ${typeof texts}`);
      const response = await call(stub, predictRequest(modelName, texts), timeoutS);
      return predictions(response.outputs?.probabilities, texts.length);
    },
    close: () => stub.close(),
  };
}

function call(stub, request, timeoutS) {
  const deadline = Date.now() + timeoutS * 1000;
  return new Promise((resolve, reject) => {
    stub.Predict(request, { deadline }, (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
}

function predictRequest(modelName, texts) {
  return {
    model_spec: { name: modelName },
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

function predictions(tensor, count) {
  const values = tensor?.float_val ?? [];
  const width = LABELS.length;
  if (values.length !== count * width) {
    throw new Error(`expected ${width} probabilities a text, the answer to ${count} texts has ${values.length}`);
  }
  return Array.from({ length: count }, (_, row) => prediction(values.slice(row * width, (row + 1) * width)));
}

function prediction(values) {
  const score = Math.max(...values);
  const probabilities = Object.fromEntries(LABELS.map((label, index) => [label, values[index]]));
  return { label: LABELS[values.indexOf(score)], score, probabilities };
}

module.exports = { connect, LABELS };
