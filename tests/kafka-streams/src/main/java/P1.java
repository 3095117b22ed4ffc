import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

/** P1 of the benchmark in Kafka Streams: BROKERS FROM TO APPLICATION RECORDS. Prints what it cost as a line of JSON. */
public final class P1 {
    public record Notional(long id, String symbol, long ts, double notional) {}

    public static void main(String[] args) throws Exception {
        var application = new Application(args[0], args[3], Long.parseLong(args[4]));
        application.builder.stream(args[1], Consumed.with(Serdes.ByteArray(), Json.serde(Trade.class)))
            .peek((key, trade) -> application.reading())
            .filter((key, trade) -> trade.price > 100 && trade.qty >= 50 && trade.side.equals("buy"))
            .mapValues(trade -> new Notional(trade.id, trade.symbol, trade.ts, trade.price * trade.qty))
            .peek((key, notional) -> application.writing())
            .to(args[2], Produced.with(Serdes.ByteArray(), Json.serde(Notional.class)));
        application.run();
    }
}
