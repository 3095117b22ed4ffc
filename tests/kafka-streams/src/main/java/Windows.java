import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * The reference for windows: Kafka Streams itself, in its test driver. A case is a line of JSON on the standard input, its
 * results one on the standard output, in the same order, each as soon as it is there; one process answers thousands.
 *
 * <p>A case:
 * <pre>
 * {"id": 1, "window": {"hopping": {"size_ms": 10, "advance_ms": 5, "grace_ms": 2}}, "emit": "on-close",
 *  "aggregates": ["count", "sum"], "rows": [{"key": "a", "value": 5, "ts": 123}, {"key": null, "value": null, "ts": 124}]}
 * </pre>
 * {@code window} is one of {@code tumbling} (size_ms), {@code hopping} (size_ms, advance_ms), {@code sliding}
 * (difference_ms), {@code session} (gap_ms), each with grace_ms; or null for an aggregate without windows. {@code emit} is
 * {@code on-update} (default; every change is seen, there is no cache) or {@code on-close} (onWindowClose, looked for at
 * every record). Keys are texts; a value is any JSON. {@code aggregates}, and {@code id}, may be left out.
 *
 * <p>Its results:
 * <pre>
 * {"id": 1, "out": [{"row": 1, "key": "a", "start": 0, "end": 10, "value": [5, 7], "ts": 9, "rows": [0, 1],
 *                    "aggregates": {"count": 2, "sum": 12}}],
 *  "dropped": 1, "drops": [0, 0, 1], "suppress": {"missing": [], "extra": []}}
 * </pre>
 * <ul>
 * <li>{@code out}: every result, in the order in which Kafka Streams forwarded it. {@code row} is the row of the input
 * (from 0) at which it came; {@code start} and {@code end} are missing without windows (end is the first millisecond after
 * a tumbling or hopping window, and the last one in others); {@code value} holds the values that the window has seen, in
 * the order of the aggregator's calls (sessions that merge: by the end of the session, then the new record), or is null
 * for a tombstone, which has neither {@code rows} nor {@code aggregates}; {@code rows} are the rows of those values.
 * <li>{@code aggregates}: count of all rows; sum, min, max and avg of the numbers among the values, null where there is
 * none (exact, avg as a double); first and last, nulls too; collect_list with nulls; collect_set without, by first sight.
 * <li>{@code dropped}: Kafka Streams' dropped-records-total; {@code drops}: the same for each row of the input. A row
 * counts once for each window that it is too late for; once where its key is null (sliding windows and no windows: or its
 * value), whatever the windows.
 * <li>{@code suppress}, for on-close alone ({@code "suppress": false} in the case leaves it out): what
 * suppress(untilWindowCloses(unbounded())) gives otherwise, at another row included. {@code missing} are results of
 * onWindowClose that it lacks, {@code extra} those that it has instead. For tumbling and hopping windows both are empty.
 * For sliding windows and sessions it emits when stream time is at end + grace (+ gap), one millisecond before they close;
 * what comes in that millisecond then makes one more result of the same window.
 * <li>{@code {"id": 1, "error": "..."}} in place of all that, where there is no such case or Kafka Streams refuses it, as
 * it does negative timestamps.
 * </ul>
 *
 * <p>{@code "store"} in a case names the stores: {@code whole} (default, see {@link Stores}) shows the rules of the
 * operators alone; {@code memory} and {@code rocksdb} are Kafka Streams' own, with {@code retention_ms} where it is given.
 * With on-update their results are the same but for few sliding windows, and their drops include what a store refused.
 * With on-close, RocksDB (slow here) gives the same sessions, but where stream time leaps it loses other windows: those
 * that start more than the retention before the latest one; memory loses nearly all.
 *
 * <p>Arguments are files of scenarios, to be held instead: {@code {"about": "...", "cases": [...]}}, each case with a
 * {@code name}, {@code expected} (rows as in {@code out}, only the fields that matter) and maybe {@code dropped}.
 */
public final class Windows {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final Path folder;

    private Windows(Path folder) {
        this.folder = folder;
    }

    public static void main(String[] args) throws IOException {
        boolean isGood = true;
        try (var scratch = new Scratch()) {
            var windows = new Windows(scratch.folder());
            if (args.length == 0) windows.answer();
            for (String file : args) isGood &= windows.holds(new File(file));
        }
        System.exit(isGood ? 0 : 1);
    }

    /** Answers each line of the standard input with one of the standard output. */
    private void answer() throws IOException {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.isBlank()) continue;
            out.println(JSON.writeValueAsString(outcome(line)));
            out.flush();
        }
    }

    private ObjectNode outcome(String line) {
        ObjectNode answer = JSON.createObjectNode();
        try {
            JsonNode json = JSON.readTree(line);
            answer.set("id", json.path("id"));
            fill(answer, json);
        } catch (IOException | RuntimeException why) {
            answer.retain("id").put("error", String.valueOf(why.getMessage()));
        }
        return answer;
    }

    private void fill(ObjectNode answer, JsonNode json) {
        Case what = Case.of(json);
        Driven.Outcome outcome = Driven.run(what, folder);
        ArrayNode out = answer.putArray("out");
        for (Driven.Out one : outcome.out()) out.add(shown(one, what, json.path("aggregates")));
        answer.put("dropped", outcome.drops().stream().mapToLong(Long::longValue).sum());
        ArrayNode drops = answer.putArray("drops");
        outcome.drops().forEach(drops::add);
        if (what.isOnClose() && json.path("suppress").asBoolean(true)) {
            List<Driven.Out> suppressed = Driven.suppressed(what, folder).out();
            ObjectNode differs = answer.putObject("suppress");
            differs.set("missing", shownWithout(outcome.out(), suppressed, what));
            differs.set("extra", shownWithout(suppressed, outcome.out(), what));
        }
    }

    private static ArrayNode shownWithout(List<Driven.Out> these, List<Driven.Out> those, Case what) {
        List<Driven.Out> left = new ArrayList<>(these);
        those.forEach(left::remove);
        ArrayNode shown = JSON.createArrayNode();
        for (Driven.Out one : left) shown.add(shown(one, what, NullNode.getInstance()));
        return shown;
    }

    private static ObjectNode shown(Driven.Out one, Case what, JsonNode aggregates) {
        ObjectNode shown = JSON.createObjectNode();
        shown.put("row", one.row()).put("key", one.key());
        if (one.start() != null) shown.put("start", one.start()).put("end", one.end());
        if (one.rows() == null) {
            return shown.putNull("value").put("ts", one.ts());
        }
        List<JsonNode> values = one.rows().stream().map(row -> what.rows().get(row).value()).toList();
        shown.putArray("value").addAll(values);
        shown.put("ts", one.ts());
        ArrayNode rows = shown.putArray("rows");
        one.rows().forEach(rows::add);
        if (aggregates.size() > 0) {
            ObjectNode all = shown.putObject("aggregates");
            for (JsonNode name : aggregates) all.set(name.asText(), aggregate(name.asText(), values));
        }
        return shown;
    }

    private static JsonNode aggregate(String name, List<JsonNode> values) {
        List<JsonNode> there = values.stream().filter(value -> !value.isNull()).toList();
        List<BigDecimal> numbers = there.stream().filter(JsonNode::isNumber).map(JsonNode::decimalValue).toList();
        return switch (name) {
            case "count" -> JSON.valueToTree(values.size());
            case "sum" -> JSON.valueToTree(numbers.stream().reduce(BigDecimal::add).orElse(null));
            case "min" -> JSON.valueToTree(numbers.stream().min(BigDecimal::compareTo).orElse(null));
            case "max" -> JSON.valueToTree(numbers.stream().max(BigDecimal::compareTo).orElse(null));
            case "avg" -> JSON.valueToTree(numbers.stream().reduce(BigDecimal::add)
                .map(sum -> sum.divide(BigDecimal.valueOf(numbers.size()), 20, RoundingMode.HALF_EVEN).doubleValue())
                .orElse(null));
            case "first" -> values.get(0);
            case "last" -> values.get(values.size() - 1);
            case "collect_list" -> JSON.createArrayNode().addAll(values);
            case "collect_set" -> JSON.createArrayNode().addAll(new LinkedHashSet<>(there));
            default -> throw new IllegalArgumentException("no aggregate is called " + name);
        };
    }

    /** Whether all cases of a file of scenarios come out as it says; prints those that do not. */
    private boolean holds(File file) throws IOException {
        JsonNode cases = JSON.readTree(file).path("cases");
        int held = 0;
        for (JsonNode one : cases) {
            // Written and read, numbers are of one kind.
            JsonNode answer = JSON.readTree(JSON.writeValueAsString(outcome(JSON.writeValueAsString(one))));
            if (isExpected(one, answer)) {
                held += 1;
            } else {
                System.out.printf("%s: %s:%n  expected %s, dropped %s%n  but got %s%n",
                    file, one.path("name").asText(), one.path("expected"), one.path("dropped"), answer);
            }
        }
        System.out.printf("%s: %d of %d cases hold%n", file, held, cases.size());
        return cases.size() > 0 && held == cases.size();
    }

    private static boolean isExpected(JsonNode one, JsonNode answer) {
        JsonNode expected = one.path("expected");
        JsonNode out = answer.path("out");
        if (!expected.isArray() || !out.isArray() || expected.size() != out.size()) return false;
        for (int at = 0; at < out.size(); at++) {
            JsonNode got = out.get(at);
            for (var field : expected.get(at).properties()) {
                if (!field.getValue().equals(got.get(field.getKey()))) return false;
            }
        }
        return !one.has("dropped") || one.get("dropped").asLong() == answer.get("dropped").asLong();
    }
}
