import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * {@code java Predict localhost:8500 "I love it" "so sad :("} prints a label and a score a text;
 * with {@code --explain} behind the address also each word with what it does to them.
 *
 * <p>Exit codes: 0, the answers are there; 1, the server refused or was not reached; 2, wrong usage.
 */
public final class Predict {
    private static final String MODEL = "tweet_sentiment";
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    public static void main(String[] words) {
        boolean explain = words.length > 1 && words[1].equals("--explain");
        if (words.length < (explain ? 3 : 2)) {
            System.err.println("Predict: give an address and at least one text."
                    + " Usage: java Predict HOST:PORT [--explain] TEXT...");
            System.exit(2);
        }
        try (var client = new SentimentClient(words[0], MODEL, TIMEOUT)) {
            var texts = List.of(words).subList(explain ? 2 : 1, words.length);
            if (explain) {
                client.explain(texts).forEach(found -> System.out.println(line(found)));
            } else {
                client.predict(texts).forEach(found -> System.out.println(line(found)));
            }
        } catch (StatusRuntimeException error) {
            System.err.println("Predict: " + sentence(words[0], error));
            System.exit(1);
        } catch (IllegalStateException error) {
            System.err.println("Predict: " + error.getMessage() + ".");
            System.exit(1);
        }
    }

    private static String line(SentimentClient.Sentiment found) {
        return String.format(Locale.ROOT, "%s\t%.4f", found.label(), found.score());
    }

    private static String line(SentimentClient.Explanation found) {
        var line = new StringBuilder(line(found.sentiment()));
        for (var word : found.words()) {
            float effect = word.effects().get(found.sentiment().label());
            line.append(String.format(Locale.ROOT, "\t%s %+.4f", word.text(), effect));
        }
        return line.toString();
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
