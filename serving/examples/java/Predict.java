import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * {@code java Predict localhost:8500 "I love it" "so sad :("} prints a label and a score a text.
 *
 * <p>Exit codes: 0, the answers are there; 1, the server refused or was not reached; 2, wrong usage.
 */
public final class Predict {
    private static final String MODEL = "tweet_sentiment";
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    public static void main(String[] words) {
        if (words.length < 2) {
            System.err.println("Predict: give an address and at least one text."
                    + " Usage: java Predict HOST:PORT TEXT...");
            System.exit(2);
        }
        try (var client = new SentimentClient(words[0], MODEL, TIMEOUT)) {
            for (var found : client.predict(List.of(words).subList(1, words.length))) {
                System.out.println(String.format(Locale.ROOT, "%s\t%.4f", found.label(), found.score()));
            }
        } catch (StatusRuntimeException error) {
            System.err.println("Predict: " + sentence(words[0], error));
            System.exit(1);
        } catch (IllegalStateException error) {
            System.err.println("Predict: " + error.getMessage() + ".");
            System.exit(1);
        }
    }

    private static String sentence(String address, StatusRuntimeException error) {
        String details = error.getStatus().getDescription();
        return switch (error.getStatus().getCode()) {
            case UNAVAILABLE -> "no server answers at " + address
                    + ": check the address, and that a server runs there.";
            case DEADLINE_EXCEEDED -> "no answer from " + address + " within "
                    + TIMEOUT.toSeconds() + " s: send fewer texts, or allow more time.";
            case NOT_FOUND -> address + " serves no model \"" + MODEL + "\" (" + details + ").";
            default -> address + " refused the request: " + details + ".";
        };
    }
}
