//! What reading and writing JSON costs, beside serde_json on the same records in the same run: the least of several
//! interleaved rounds, in nanoseconds of CPU a record, and the ratio. `cargo run --release -p tidegate-core --example codec_cost`

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::BinaryViewArray;
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tidegate_core::batch::{Batch, MAX_ROWS, Origin, bytes_column};
use tidegate_core::codec::{BytesBuilder, Decoder, Encoder, ValueFormat};
use tidegate_core::types::Schema;

const BATCHES: usize = 400;
const ROUNDS: usize = 15;

/// The six fields of nine that the query uses.
#[derive(Deserialize, Serialize)]
struct Trade<'a> {
    id: i64,
    ts: i64,
    symbol: &'a str,
    side: &'a str,
    price: f64,
    qty: i64,
}

#[derive(Serialize)]
struct Output<'a> {
    id: i64,
    symbol: &'a str,
    ts: i64,
    notional: f64,
}

fn trade(n: usize, is_broken: bool) -> String {
    const SYMBOLS: [&str; 4] = ["AAPL", "MSFT", "GOOG", "AMZN"];
    const TIERS: [&str; 3] = ["gold", "silver", "bronze"];
    let price = if is_broken { "\"much\"".to_string() } else { format!("{}.{:02}", 20 + n * 7919 % 480, n * 31 % 100) };
    format!(
        "{{\"id\":{n},\"ts\":{},\"symbol\":\"{}\",\"side\":\"{}\",\"price\":{price},\"qty\":{},\"account\":{{\"id\":\"acc-{:05}\",\
         \"tier\":\"{}\"}},\"note\":\"routed by desk {:02}, no remarks\"}}",
        1_700_000_000_000 + n * 3,
        SYMBOLS[n % 4],
        ["buy", "sell"][n % 2],
        1 + n * 13 % 500,
        n * 17 % 100_000,
        TIERS[n % 3],
        n % 100,
    )
}

fn payloads(broken_of_ten: usize) -> Vec<BinaryViewArray> {
    let mut builder = BytesBuilder::new();
    let batch = |batch: usize| {
        let first = 100_000 + batch * MAX_ROWS;
        (first..first + MAX_ROWS).for_each(|n| builder.push(Some(trade(n, n % 10 < broken_of_ten).as_bytes())));
        builder.finish()
    };
    (0..BATCHES).map(batch).collect()
}

fn schema(notation: serde_json::Value) -> Arc<Schema> {
    Arc::new(Schema::from_notation(&notation).expect("the notation is right"))
}

fn read(payloads: &[BinaryViewArray], decoder: &mut Decoder) {
    for payload in payloads {
        black_box(decoder.decode(payload));
    }
}

fn read_by_serde(payloads: &[BinaryViewArray]) {
    for payload in payloads {
        for bytes in payload.iter().flatten() {
            black_box(serde_json::from_slice::<Trade>(bytes).ok());
        }
    }
}

fn outputs(payloads: &[BinaryViewArray]) -> Vec<Batch> {
    let wanted = schema(json!({ "id": "int64", "symbol": "text", "ts": "int64", "price": "float64" }));
    let mut decoder = Decoder::new(&ValueFormat::default(), wanted.clone());
    let batch = |payload: &BinaryViewArray| {
        let bare =
            Batch::bare(bytes_column(vec![None; MAX_ROWS]), vec![0; MAX_ROWS].into(), Origin::made_here(0, MAX_ROWS));
        bare.with_columns(wanted.clone(), decoder.decode(payload).columns)
    };
    payloads.iter().map(batch).collect()
}

fn write(batches: &[Batch], encoder: &mut Encoder) {
    for batch in batches {
        black_box(encoder.encode(batch));
    }
}

fn write_by_serde(rows: &[Vec<Trade>]) {
    for rows in rows {
        for Trade { id, ts, symbol, price, .. } in rows {
            let output = Output { id: *id, symbol, ts: *ts, notional: *price };
            black_box(serde_json::to_vec(&output).ok());
        }
    }
}

/// CPU time of this thread.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// The least time of each contestant, in nanoseconds a record.
fn least(contestants: &mut [&mut dyn FnMut()]) -> Vec<f64> {
    let mut least = vec![Duration::MAX; contestants.len()];
    for _ in 0..ROUNDS {
        for (run, least) in contestants.iter_mut().zip(&mut least) {
            let start = cpu_time();
            run();
            *least = (cpu_time() - start).min(*least);
        }
    }
    least.iter().map(|time| time.as_nanos() as f64 / (BATCHES * MAX_ROWS) as f64).collect()
}

fn main() {
    let (clean, dirty) = (payloads(0), payloads(1));
    let length: usize = clean.iter().flat_map(|payload| payload.lengths()).map(|length| length as usize).sum();
    println!("{} records of {} bytes, batches of {MAX_ROWS}", BATCHES * MAX_ROWS, length / (BATCHES * MAX_ROWS));

    let six =
        json!({ "id": "int64", "ts": "int64", "symbol": "text", "side": "text", "price": "float64", "qty": "int64" });
    let mut nine = six.clone();
    nine["account"] = json!({ "struct": { "id": "text", "tier": "text" } });
    nine["note"] = json!("text");
    let decoder = |notation| Decoder::new(&ValueFormat::default(), schema(notation));
    let (mut six, mut again, mut nine, mut none) =
        (decoder(six.clone()), decoder(six), decoder(nine), decoder(json!({})));
    let times = least(&mut [
        &mut || read_by_serde(&clean),
        &mut || read(&clean, &mut six),
        &mut || read(&clean, &mut nine),
        &mut || read(&clean, &mut none),
        &mut || read(&dirty, &mut again),
    ]);
    let names =
        ["serde_json struct, 6 fields", "6 of 9 columns", "9 of 9 columns", "no column", "6 of 9, 10 % failing"];
    for (name, time) in names.iter().zip(&times) {
        println!("read   {name:<28} {time:6.0} ns  {:.2}", time / times[0]);
    }

    let batches = outputs(&clean);
    let rows: Vec<Vec<Trade>> =
        clean.iter().map(|payload| payload.iter().flatten().flat_map(serde_json::from_slice).collect()).collect();
    let wanted = schema(json!({ "id": "int64", "symbol": "text", "ts": "int64", "price": "float64" }));
    let mut encoder = Encoder::new(&ValueFormat::default(), wanted);
    let times = least(&mut [&mut || write_by_serde(&rows), &mut || write(&batches, &mut encoder)]);
    for (name, time) in ["serde_json struct, 4 fields", "4 columns"].iter().zip(&times) {
        println!("write  {name:<28} {time:6.0} ns  {:.2}", time / times[0]);
    }
}
