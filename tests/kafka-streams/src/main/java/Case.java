import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;

/** A case as {@link Windows} takes it; {@code windowing} is null for an aggregate without windows. */
record Case(Windowing windowing, boolean isOnClose, Windowing.Keeping keeping, List<Row> rows) {
    /** A record of the input. */
    record Row(String key, JsonNode value, long ts) {}

    static Case of(JsonNode json) {
        JsonNode window = json.path("window");
        Windowing windowing = isAbsent(window) ? null : Windowing.of(window);
        boolean isOnClose = isOnClose(json.path("emit").asText("on-update"));
        if (isOnClose && windowing == null) throw new IllegalArgumentException("without windows, nothing closes");
        List<Row> rows = new ArrayList<>();
        for (JsonNode row : json.path("rows")) rows.add(row(row));
        return new Case(windowing, isOnClose, keeping(json), rows);
    }

    static boolean isOnClose(String emit) {
        return switch (emit) {
            case "on-update" -> false;
            case "on-close" -> true;
            default -> throw new IllegalArgumentException("emit is on-update or on-close, not " + emit);
        };
    }

    private static Row row(JsonNode json) {
        JsonNode key = json.path("key");
        JsonNode value = json.path("value");
        JsonNode ts = json.path("ts");
        if (!ts.isIntegralNumber()) throw new IllegalArgumentException("a row without ts: " + json);
        return new Row(
            isAbsent(key) ? null : key.asText(), isAbsent(value) ? NullNode.getInstance() : value, ts.longValue());
    }

    private static Windowing.Keeping keeping(JsonNode json) {
        JsonNode retention = json.path("retention_ms");
        Duration kept = isAbsent(retention) ? null : Duration.ofMillis(retention.longValue());
        return switch (json.path("store").asText("whole")) {
            case "whole" -> Windowing.Keeping.WHOLE;
            case "memory" -> new Windowing.Keeping(BuiltInDslStoreSuppliers.IN_MEMORY, kept, false);
            case "rocksdb" -> new Windowing.Keeping(BuiltInDslStoreSuppliers.ROCKS_DB, kept, false);
            default -> throw new IllegalArgumentException("store is whole, memory or rocksdb, not " + json.get("store"));
        };
    }

    private static boolean isAbsent(JsonNode json) {
        return json.isMissingNode() || json.isNull();
    }
}
