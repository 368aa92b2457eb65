import com.google.protobuf.ByteString;
import com.google.protobuf.Int64Value;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import tensorflow.BytesList;
import tensorflow.DataType;
import tensorflow.Example;
import tensorflow.Feature;
import tensorflow.Features;
import tensorflow.TensorProto;
import tensorflow.TensorShapeProto;
import tensorflow.serving.ClassificationRequest;
import tensorflow.serving.ExampleList;
import tensorflow.serving.Input;
import tensorflow.serving.ModelSpec;
import tensorflow.serving.PredictRequest;
import tensorflow.serving.PredictResponse;
import tensorflow.serving.PredictionServiceGrpc;

/**
 * Asks a served tweet sentiment model.
 *
 * <pre>{@code
 * try (var client = new SentimentClient("localhost:8500")) {
 *     for (var result : client.predict(List.of("I love it"))) {
 *         System.out.println(result.label() + " " + result.score());
 *     }
 * }
 * }</pre>
 *
 * Texts are sent as they are: cleaning and tokenizing happen in the served graph. The names of the
 * classes are the model's own: each version that answers is asked for them, once. The connection is made
 * at the first call and kept; threads may share a client.
 */
public final class SentimentClient implements AutoCloseable {
    /**
     * The sentiment of one text; the score is the probability of the label, and known the share of the
     * text's tokens that the model's vocabulary has, null where it does not tell.
     */
    public record Sentiment(String label, float score, Float known, Map<String, Float> probabilities) {}

    /**
     * What one word does to the answer: how much each class's probability falls without it, positive of a
     * word that speaks for the class; known tells whether the model's vocabulary has it.
     */
    public record WordEffect(String text, boolean known, Map<String, Float> effects) {}

    /** The sentiment of one text, and what each word that the model reads does to it. */
    public record Explanation(Sentiment sentiment, List<WordEffect> words) {}

    /** How often texts are sent at most: a version may go before it has told its class names. */
    private static final int ASKS = 3;

    /** Only UNAVAILABLE says that nobody worked on the request. */
    private static final Map<String, ?> SERVICE_CONFIG = Map.of(
            "loadBalancingConfig", List.of(Map.of("round_robin", Map.of())),
            "methodConfig", List.of(Map.of(
                    "name", List.of(Map.of("service", PredictionServiceGrpc.SERVICE_NAME)),
                    "retryPolicy", Map.of(
                            "maxAttempts", 4.0,
                            "initialBackoff", "0.1s",
                            "maxBackoff", "1s",
                            "backoffMultiplier", 2.0,
                            "retryableStatusCodes", List.of("UNAVAILABLE")))));

    private final ManagedChannel channel;
    private final String modelName;
    private final Duration timeout;

    /** Class names by version, in the order of the probabilities. */
    private final Map<Long, List<String>> names = new ConcurrentHashMap<>();

    /** Versions without a signature {@code label}. */
    private final Set<Long> plain = ConcurrentHashMap.newKeySet();

    /** Whether one of these answered last. */
    private volatile boolean isPlain;

    public SentimentClient(String address) {
        this(address, "tweet_sentiment", Duration.ofSeconds(5));
    }

    /**
     * @param address host:port
     * @param modelName name under which the model is served
     * @param timeout how long a request may take
     */
    public SentimentClient(String address, String modelName, Duration timeout) {
        this.modelName = modelName;
        this.timeout = timeout;
        // For TLS: Grpc.newChannelBuilder(address, TlsChannelCredentials.create()).
        channel = ManagedChannelBuilder.forTarget(address)
                .usePlaintext()
                .enableRetry()
                .defaultServiceConfig(SERVICE_CONFIG)
                .build();
    }

    /**
     * The sentiment of each text, in order.
     *
     * @throws StatusRuntimeException the call failed; its status tells why
     */
    public List<Sentiment> predict(List<String> texts) {
        return predictBytes(texts.stream().map(SentimentClient::encode).toList());
    }

    /** The same for texts that are UTF-8 already. */
    public List<Sentiment> predictBytes(List<ByteString> texts) {
        return named(texts, () -> ask(texts), SentimentClient::sentiments);
    }

    /**
     * The sentiment of each text, and what each of its words does to it; some dozens of texts at most, for
     * each word of each is an answer of its own.
     *
     * @throws StatusRuntimeException the call failed; its status is FAILED_PRECONDITION where the version has no
     *     signature {@code explain}
     */
    public List<Explanation> explain(List<String> texts) {
        var encoded = texts.stream().map(SentimentClient::encode).toList();
        return named(
                encoded, () -> stub().predict(request(encoded, "explain", null)), SentimentClient::explanations);
    }

    /** Reads an answer to so many texts by the class names of the version that gave it. */
    private interface Reader<T> {
        List<T> read(PredictResponse answer, int count, List<String> names);
    }

    private <T> List<T> named(List<ByteString> texts, Supplier<PredictResponse> ask, Reader<T> reader) {
        if (texts.isEmpty()) return List.of();
        for (int left = ASKS; ; left--) {
            var answer = ask.get();
            long version = answer.getModelSpec().getVersion().getValue();
            try {
                // Calls at once learn the names once.
                return reader.read(answer, texts.size(), names.computeIfAbsent(version, this::classNames));
            } catch (OtherNames error) {
                // Another model has come under its number.
                names.remove(version);
                if (left == 1) throw error;
            } catch (StatusRuntimeException error) {
                // The version has gone meanwhile.
                if (left == 1 || error.getStatus().getCode() != Status.Code.NOT_FOUND) throw error;
            }
        }
    }

    /** Asks the signature that tells most; a version without it is asked the default one from then on. */
    private PredictResponse ask(List<ByteString> texts) {
        boolean fallsBack = !isPlain;
        if (fallsBack) {
            try {
                return stub().predict(request(texts, "label", null));
            } catch (StatusRuntimeException error) {
                if (!lacksLabel(error)) throw error;
            }
        }
        var answer = stub().predict(request(texts, "", null));
        long version = answer.getModelSpec().getVersion().getValue();
        if (fallsBack && !plain.contains(version)) probe(version);
        isPlain = plain.contains(version);
        return answer;
    }

    /** Whether a version lacks the signature: the one that refused may be the one before. */
    private void probe(long version) {
        try {
            stub().predict(request(List.of(ByteString.EMPTY), "label", version));
        } catch (StatusRuntimeException error) {
            if (lacksLabel(error)) plain.add(version);
        }
    }

    private static boolean lacksLabel(StatusRuntimeException error) {
        return error.getStatus().getCode() == Status.Code.FAILED_PRECONDITION
                && String.valueOf(error.getStatus().getDescription()).contains("\"label\"");
    }

    private List<String> classNames(long version) {
        var text = Feature.newBuilder()
                .setBytesList(BytesList.newBuilder().addValue(ByteString.EMPTY));
        var example = Example.newBuilder()
                .setFeatures(Features.newBuilder().putFeature("text", text.build()));
        var question = ClassificationRequest.newBuilder()
                .setModelSpec(spec("classify", version))
                .setInput(Input.newBuilder().setExampleList(ExampleList.newBuilder().addExamples(example)))
                .build();
        var rows = stub().classify(question).getResult().getClassificationsList();
        if (rows.size() != 1 || rows.get(0).getClassesCount() == 0) {
            throw new IllegalStateException("version " + version + " does not tell the names of its classes");
        }
        return rows.get(0).getClassesList().stream().map(found -> found.getLabel()).toList();
    }

    private PredictionServiceGrpc.PredictionServiceBlockingStub stub() {
        return PredictionServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }

    /** UTF-8; half of a surrogate pair has none and becomes U+FFFD. */
    private static ByteString encode(String text) {
        // String.getBytes would put a question mark there, and the model reads question marks.
        var encoder = StandardCharsets.UTF_8.newEncoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .replaceWith("\uFFFD".getBytes(StandardCharsets.UTF_8));
        try {
            return ByteString.copyFrom(encoder.encode(CharBuffer.wrap(text)));
        } catch (CharacterCodingException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private ModelSpec.Builder spec(String signature, Long version) {
        var spec = ModelSpec.newBuilder().setName(modelName).setSignatureName(signature);
        return version == null ? spec : spec.setVersion(Int64Value.of(version));
    }

    private PredictRequest request(List<ByteString> texts, String signature, Long version) {
        var shape = TensorShapeProto.newBuilder()
                .addDim(TensorShapeProto.Dim.newBuilder().setSize(texts.size()));
        var tensor = TensorProto.newBuilder()
                .setDtype(DataType.DT_STRING)
                .setTensorShape(shape)
                .addAllStringVal(texts);
        return PredictRequest.newBuilder()
                .setModelSpec(spec(signature, version))
                .putInputs("text", tensor.build())
                .build();
    }

    private static List<Sentiment> sentiments(PredictResponse answer, int count, List<String> names) {
        var values = answer.getOutputsOrThrow("probabilities").getFloatValList();
        var labels = answer.getOutputsOrDefault("label", TensorProto.getDefaultInstance()).getStringValList();
        var known = answer.getOutputsOrDefault("known", TensorProto.getDefaultInstance()).getFloatValList();
        if (values.size() != count * names.size()) throw new OtherNames();
        var sentiments = new ArrayList<Sentiment>();
        for (int row = 0; row < count; row++) {
            var probabilities = values.subList(row * names.size(), (row + 1) * names.size());
            var one = sentiment(probabilities, names, known.isEmpty() ? null : known.get(row));
            if (!labels.isEmpty() && !labels.get(row).toStringUtf8().equals(one.label())) throw new OtherNames();
            sentiments.add(one);
        }
        return sentiments;
    }

    private static List<Explanation> explanations(PredictResponse answer, int count, List<String> names) {
        var explanations = new ArrayList<Explanation>();
        var sentiments = sentiments(answer, count, names);
        int time = answer.getOutputsOrThrow("tokens").getStringValCount() / count;
        for (int row = 0; row < count; row++) {
            var words = words(answer, row * time, (row + 1) * time, names);
            float known = words.stream().filter(WordEffect::known).count() / (float) Math.max(words.size(), 1);
            var found = sentiments.get(row);
            explanations.add(new Explanation(
                    new Sentiment(found.label(), found.score(), known, found.probabilities()), words));
        }
        return explanations;
    }

    private static List<WordEffect> words(PredictResponse answer, int start, int end, List<String> names) {
        var tokens = answer.getOutputsOrThrow("tokens").getStringValList();
        var known = answer.getOutputsOrThrow("known").getBoolValList();
        var values = answer.getOutputsOrThrow("effects").getFloatValList();
        var words = new ArrayList<WordEffect>();
        for (int place = start; place < end; place++) {
            if (tokens.get(place).isEmpty()) continue; // padding
            var effects = new LinkedHashMap<String, Float>();
            for (int index = 0; index < names.size(); index++) {
                effects.put(names.get(index), values.get(place * names.size() + index));
            }
            words.add(new WordEffect(tokens.get(place).toStringUtf8(), known.get(place), effects));
        }
        return words;
    }

    private static Sentiment sentiment(List<Float> values, List<String> names, Float known) {
        var probabilities = new LinkedHashMap<String, Float>();
        int best = 0;
        for (int index = 0; index < values.size(); index++) {
            probabilities.put(names.get(index), values.get(index));
            best = values.get(index) > values.get(best) ? index : best;
        }
        return new Sentiment(names.get(best), values.get(best), known, probabilities);
    }

    /** The names are not those of the version that answered. */
    private static final class OtherNames extends IllegalStateException {
        private static final long serialVersionUID = 1L;

        OtherNames() {
            super("the names of the model's classes are not those of its answers");
        }
    }
}
