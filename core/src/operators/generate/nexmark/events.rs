//! What people, auctions and bids consist of, and as columns: the structs of the suite's Kafka form, with its names.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringViewArray, StructArray, TimestampMillisecondArray};
use arrow_buffer::NullBuffer;
use arrow_schema::Field;

use super::Kind;
use crate::types::{Column, Schema, Type};

/// The columns of an event: its type, and the one of three structs that it is.
pub(in super::super) fn schema() -> Schema {
    Schema::new(vec![
        Column::required("event_type", Type::Int64),
        Column::nullable("person", Type::Struct(person_columns())),
        Column::nullable("auction", Type::Struct(auction_columns())),
        Column::nullable("bid", Type::Struct(bid_columns())),
    ])
}

fn columns(names: &[(&str, Type)]) -> Vec<Column> {
    names.iter().map(|(name, data)| Column::nullable(*name, data.clone())).collect()
}

fn person_columns() -> Vec<Column> {
    columns(&[
        ("id", Type::Int64),
        ("name", Type::Text),
        ("emailAddress", Type::Text),
        ("creditCard", Type::Text),
        ("city", Type::Text),
        ("state", Type::Text),
        ("dateTime", Type::Timestamp),
        ("extra", Type::Text),
    ])
}

fn auction_columns() -> Vec<Column> {
    columns(&[
        ("id", Type::Int64),
        ("itemName", Type::Text),
        ("description", Type::Text),
        ("initialBid", Type::Int64),
        ("reserve", Type::Int64),
        ("dateTime", Type::Timestamp),
        ("expires", Type::Timestamp),
        ("seller", Type::Int64),
        ("category", Type::Int64),
        ("extra", Type::Text),
    ])
}

fn bid_columns() -> Vec<Column> {
    columns(&[
        ("auction", Type::Int64),
        ("bidder", Type::Int64),
        ("price", Type::Int64),
        ("channel", Type::Text),
        ("url", Type::Text),
        ("dateTime", Type::Timestamp),
        ("extra", Type::Text),
    ])
}

#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) card: String,
    pub(super) city: &'static str,
    pub(super) state: &'static str,
    pub(super) date_time: i64,
    pub(super) extra: String,
}

#[derive(Debug)]
pub(super) struct Auction {
    pub(super) id: i64,
    pub(super) item: String,
    pub(super) description: String,
    pub(super) initial_bid: i64,
    pub(super) reserve: i64,
    pub(super) date_time: i64,
    pub(super) expires: i64,
    pub(super) seller: i64,
    pub(super) category: i64,
    pub(super) extra: String,
}

#[derive(Debug)]
pub(super) struct Bid {
    pub(super) auction: i64,
    pub(super) bidder: i64,
    pub(super) price: i64,
    pub(super) channel: String,
    pub(super) url: String,
    pub(super) date_time: i64,
    pub(super) extra: String,
}

/// Events of one kind, none where an event is of another.
pub(super) struct Events<T>(Vec<Option<T>>);

impl<T> Events<T> {
    pub(super) fn of(kind: Kind, events: impl Iterator<Item = (i64, i64)>, make: impl Fn(i64, i64) -> T) -> Events<T> {
        Events(events.map(|(number, ts)| (Kind::of(number) == kind).then(|| make(number, ts))).collect())
    }

    fn whole(&self, field: fn(&T) -> i64) -> ArrayRef {
        Arc::new(self.0.iter().map(|event| event.as_ref().map(field)).collect::<Int64Array>())
    }

    fn time(&self, field: fn(&T) -> i64) -> ArrayRef {
        Arc::new(self.0.iter().map(|event| event.as_ref().map(field)).collect::<TimestampMillisecondArray>())
    }

    fn text(&self, field: fn(&T) -> &str) -> ArrayRef {
        Arc::new(self.0.iter().map(|event| event.as_ref().map(field)).collect::<StringViewArray>())
    }

    /// One struct per event. The arrays stand in the order of the columns, and have their types.
    fn nest(&self, columns: Vec<Column>, arrays: Vec<ArrayRef>) -> ArrayRef {
        let fields = columns.iter().map(|column| Field::new(&column.name, column.data.to_arrow(), true));
        let present = NullBuffer::from_iter(self.0.iter().map(Option::is_some));
        Arc::new(StructArray::new(fields.collect(), arrays, Some(present)))
    }
}

impl Events<Person> {
    pub(super) fn into_people(self) -> ArrayRef {
        let arrays = vec![
            self.whole(|person| person.id),
            self.text(|person| &person.name),
            self.text(|person| &person.email),
            self.text(|person| &person.card),
            self.text(|person| person.city),
            self.text(|person| person.state),
            self.time(|person| person.date_time),
            self.text(|person| &person.extra),
        ];
        self.nest(person_columns(), arrays)
    }
}

impl Events<Auction> {
    pub(super) fn into_auctions(self) -> ArrayRef {
        let arrays = vec![
            self.whole(|auction| auction.id),
            self.text(|auction| &auction.item),
            self.text(|auction| &auction.description),
            self.whole(|auction| auction.initial_bid),
            self.whole(|auction| auction.reserve),
            self.time(|auction| auction.date_time),
            self.time(|auction| auction.expires),
            self.whole(|auction| auction.seller),
            self.whole(|auction| auction.category),
            self.text(|auction| &auction.extra),
        ];
        self.nest(auction_columns(), arrays)
    }
}

impl Events<Bid> {
    pub(super) fn into_bids(self) -> ArrayRef {
        let arrays = vec![
            self.whole(|bid| bid.auction),
            self.whole(|bid| bid.bidder),
            self.whole(|bid| bid.price),
            self.text(|bid| &bid.channel),
            self.text(|bid| &bid.url),
            self.time(|bid| bid.date_time),
            self.text(|bid| &bid.extra),
        ];
        self.nest(bid_columns(), arrays)
    }
}
