import com.fasterxml.jackson.annotation.JsonIgnoreProperties;

/** What the benchmark reads of a trade. */
@JsonIgnoreProperties(ignoreUnknown = true)
public final class Trade {
    public long id;
    public long ts;
    public String symbol;
    public String side;
    public double price;
    public long qty;
}
