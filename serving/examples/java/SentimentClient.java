import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
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
import java.util.concurrent.TimeUnit;
import tensorflow.DataType;
import tensorflow.TensorProto;
import tensorflow.TensorShapeProto;
import tensorflow.serving.ModelSpec;
import tensorflow.serving.PredictRequest;
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
 * Texts are sent as they are: cleaning and tokenizing happen in the served graph. The connection is
 * made at the first call and kept; threads may share a client.
 */
public final class SentimentClient implements AutoCloseable {
    /** Names of the three probabilities, in the order in which the model gives them. */
    public static final List<String> LABELS = List.of("negative", "neutral", "positive");

    /** The sentiment of one text; the score is the probability of the label. */
    public record Sentiment(String label, float score, Map<String, Float> probabilities) {}

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
        var stub = PredictionServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
        var answer = stub.predict(request(texts)).getOutputsOrThrow("probabilities");
        var sentiments = new ArrayList<Sentiment>();
        for (int row = 0; row < texts.size(); row++) {
            int start = row * LABELS.size();
            sentiments.add(sentiment(answer.getFloatValList().subList(start, start + LABELS.size())));
        }
        return sentiments;
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

    private PredictRequest request(List<ByteString> texts) {
        var shape = TensorShapeProto.newBuilder()
                .addDim(TensorShapeProto.Dim.newBuilder().setSize(texts.size()));
        var tensor = TensorProto.newBuilder()
                .setDtype(DataType.DT_STRING)
                .setTensorShape(shape)
                .addAllStringVal(texts);
        return PredictRequest.newBuilder()
                .setModelSpec(ModelSpec.newBuilder().setName(modelName))
                .putInputs("text", tensor.build())
                .build();
    }

    private static Sentiment sentiment(List<Float> values) {
        var probabilities = new LinkedHashMap<String, Float>();
        int best = 0;
        for (int index = 0; index < values.size(); index++) {
            probabilities.put(LABELS.get(index), values.get(index));
            best = values.get(index) > values.get(best) ? index : best;
        }
        return new Sentiment(LABELS.get(best), values.get(best), probabilities);
    }
}
