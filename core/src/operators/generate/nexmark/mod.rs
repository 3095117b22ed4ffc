//! The events of Nexmark, an online auction: people arrive, open auctions, and bid. Proportions, numbers, hot ratios and
//! sizes are those of the suite's generator; an event is a function of the seed and its number, as in all shapes.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryViewArray, Int64Array};
use arrow_buffer::ScalarBuffer;

use self::events::{Auction, Bid, Events, Person};
use super::Generate;
use super::shapes::Draw;
use crate::batch::bytes_column;

mod events;
#[cfg(test)]
mod tests;

pub(super) use events::schema;

/// Of so many events in a row …
const EPOCH: i64 = 50;
/// … the first is a person, …
const PEOPLE: i64 = 1;
/// … these are auctions, and the rest are bids.
const AUCTIONS: i64 = 3;

/// Numbers of people and auctions begin here.
const FIRST: i64 = 1_000;
/// People who bid and sell: the newest ones.
const ACTIVE_PEOPLE: i64 = 1_000;
/// Auctions that are bid for: the newest ones.
const IN_FLIGHT_AUCTIONS: i64 = 100;
/// How many numbers may be named before their person or auction has come.
const LEAD: i64 = 10;
/// One in so many bids is not for the hot auction, …
const HOT_AUCTION_RATIO: u64 = 2;
/// … and one in so many sellers and bidders is not the hot one.
const HOT_PEOPLE_RATIO: u64 = 4;
/// One in so many people and auctions is hot, until the next one is.
const HOT_EVERY: i64 = 100;

/// Sizes on average: 8 bytes a number, and the letters. As in the suite, those of a bid leave channel and address out.
const PERSON_BYTES: usize = 200;
const AUCTION_BYTES: usize = 500;
const BID_BYTES: usize = 100;

const FIRST_CATEGORY: i64 = 10;
const CATEGORIES: u64 = 5;
const HOT_CHANNELS: [&str; 4] = ["Apple", "Baidu", "Facebook", "Google"];
const CHANNELS: u64 = 10_000;

const STATES: [&str; 6] = ["AZ", "CA", "ID", "OR", "WA", "WY"];
const CITIES: [&str; 10] =
    ["Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend", "Redmond", "Seattle", "Kent", "Cheyenne"];
const FIRST_NAMES: [&str; 11] =
    ["Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"];
const LAST_NAMES: [&str; 9] = ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"];

/// What an event is; the number is its `event_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Person,
    Auction,
    Bid,
}

impl Kind {
    fn of(number: i64) -> Kind {
        match number % EPOCH {
            place if place < PEOPLE => Kind::Person,
            place if place < PEOPLE + AUCTIONS => Kind::Auction,
            _ => Kind::Bid,
        }
    }
}

/// A column of an event.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    EventType,
    Person,
    Auction,
    Bid,
}

impl Part {
    pub(super) fn named(column: &str) -> Option<Part> {
        Some(match column {
            "event_type" => Part::EventType,
            "person" => Part::Person,
            "auction" => Part::Auction,
            "bid" => Part::Bid,
            _ => return None,
        })
    }
}

/// Makes events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Market {
    seed: u64,
    spacing_ms: i64,
}

impl Market {
    pub(super) fn new(config: &Generate) -> Market {
        Market { seed: config.seed, spacing_ms: i64::try_from(config.spacing.to_ms()).unwrap_or(i64::MAX) }
    }

    /// The number of the person, of the auction, or of the auction that the bid is for.
    pub(super) fn keys(&self, numbers: &[u64]) -> BinaryViewArray {
        let key = |number: &u64| {
            let number = *number as i64;
            let id = match Kind::of(number) {
                Kind::Person => FIRST + newest_person(number),
                Kind::Auction => FIRST + newest_auction(number),
                Kind::Bid => bid_auction(&mut self.dice(number), number),
            };
            id.to_string()
        };
        let keys: Vec<String> = numbers.iter().map(key).collect();
        bytes_column(keys.iter().map(|key| Some(key.as_bytes())))
    }

    pub(super) fn column(&self, part: Part, numbers: &[u64], timestamps: &ScalarBuffer<i64>) -> ArrayRef {
        let events = || numbers.iter().map(|number| *number as i64).zip(timestamps.iter().copied());
        match part {
            Part::EventType => {
                Arc::new(Int64Array::from_iter_values(events().map(|(number, _)| Kind::of(number) as i64)))
            }
            Part::Person => Events::of(Kind::Person, events(), |number, ts| self.person(number, ts)).into_people(),
            Part::Auction => Events::of(Kind::Auction, events(), |number, ts| self.auction(number, ts)).into_auctions(),
            Part::Bid => Events::of(Kind::Bid, events(), |number, ts| self.bid(number, ts)).into_bids(),
        }
    }

    fn dice(&self, number: i64) -> Dice {
        Dice { draw: Draw::of_record(self.seed, number as u64), rolled: 0 }
    }

    fn person(&self, number: i64, date_time: i64) -> Person {
        let dice = &mut self.dice(number);
        let name = format!("{} {}", dice.one_of(&FIRST_NAMES), dice.one_of(&LAST_NAMES));
        let (user, host) = (3 + dice.below(4) as usize, 3 + dice.below(2) as usize);
        let email = format!("{}@{}.com", dice.letters(user), dice.letters(host));
        let group = |dice: &mut Dice| format!("{:04}", dice.below(10_000));
        let card = [group(dice), group(dice), group(dice), group(dice)].join(" ");
        let (city, state) = (dice.one_of(&CITIES), dice.one_of(&STATES));
        let size = 8 + name.len() + email.len() + card.len() + city.len() + state.len();
        let extra = dice.extra(size, PERSON_BYTES);
        Person { id: FIRST + newest_person(number), name, email, card, city, state, date_time, extra }
    }

    fn auction(&self, number: i64, date_time: i64) -> Auction {
        let dice = &mut self.dice(number);
        let seller = match dice.below(HOT_PEOPLE_RATIO) {
            0 => active_person(dice, number),
            _ => hot(newest_person(number)),
        };
        let category = FIRST_CATEGORY + dice.below(CATEGORIES) as i64;
        let initial_bid = dice.price();
        let reserve = initial_bid + dice.price();
        // On average an auction lasts until as many new ones have come as are in flight.
        let horizon = self.spacing_ms.saturating_mul(IN_FLIGHT_AUCTIONS * EPOCH / AUCTIONS);
        let length = 1 + dice.below(horizon.saturating_mul(2).max(1) as u64) as i64;
        let (item, description) = (dice.words(20), dice.words(100));
        let extra = dice.extra(8 * 6 + item.len() + description.len(), AUCTION_BYTES);
        Auction {
            id: FIRST + newest_auction(number),
            item,
            description,
            initial_bid,
            reserve,
            date_time,
            expires: date_time.saturating_add(length),
            seller: FIRST + seller,
            category,
            extra,
        }
    }

    fn bid(&self, number: i64, date_time: i64) -> Bid {
        let dice = &mut self.dice(number);
        let auction = bid_auction(dice, number);
        let bidder = match dice.below(HOT_PEOPLE_RATIO) {
            0 => active_person(dice, number),
            // The one behind the hot seller.
            _ => hot(newest_person(number)) + 1,
        };
        let price = dice.price();
        let (channel, url) = self.channel(dice);
        Bid { auction, bidder: FIRST + bidder, price, channel, url, date_time, extra: dice.extra(8 * 4, BID_BYTES) }
    }

    /// A channel and its address: half of the bids come by four channels, the others by ten thousand.
    fn channel(&self, dice: &mut Dice) -> (String, String) {
        let place = match dice.below(2) {
            0 => dice.below(CHANNELS),
            _ => CHANNELS + dice.below(HOT_CHANNELS.len() as u64),
        };
        let own = &mut Dice { draw: Draw::of_record(!self.seed, place), rolled: 0 };
        let path = [own.letters(5), own.letters(5), own.letters(5)].join("/");
        let mut url = format!("https://www.nexmark.com/{path}/item.htm?query=1");
        match place.checked_sub(CHANNELS) {
            Some(hot) => (HOT_CHANNELS[hot as usize].into(), url),
            None => {
                if own.below(10) > 0 {
                    url.push_str(&format!("&channel_id={}", (place as u32).reverse_bits() >> 1));
                }
                (format!("channel-{place}"), url)
            }
        }
    }
}

/// Number of the newest person, from 0 on, when this event comes: itself, if it is one.
fn newest_person(number: i64) -> i64 {
    number / EPOCH * PEOPLE + (number % EPOCH).min(PEOPLE - 1)
}

/// Number of the newest auction, from 0 on; -1 before the first.
fn newest_auction(number: i64) -> i64 {
    number / EPOCH * AUCTIONS + (number % EPOCH - PEOPLE).clamp(-1, AUCTIONS - 1)
}

fn hot(newest: i64) -> i64 {
    newest / HOT_EVERY * HOT_EVERY
}

fn active_person(dice: &mut Dice, number: i64) -> i64 {
    let people = newest_person(number) + 1;
    let active = people.min(ACTIVE_PEOPLE);
    people - active + dice.below((active + LEAD) as u64) as i64
}

/// The auction that a bid is for: its first throws, so that a key is had without the rest.
fn bid_auction(dice: &mut Dice, number: i64) -> i64 {
    let newest = newest_auction(number);
    FIRST
        + match dice.below(HOT_AUCTION_RATIO) {
            0 => {
                let oldest = (newest - IN_FLIGHT_AUCTIONS).max(0);
                oldest + dice.below((newest - oldest + 1 + LEAD) as u64) as i64
            }
            _ => hot(newest),
        }
}

/// Random values of one event, one after the other.
#[derive(Debug)]
struct Dice {
    draw: Draw,
    rolled: u64,
}

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.rolled += 1;
        self.draw.below(self.rolled, bound)
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len() as u64) as usize]
    }

    /// From 1.00 to 1,000,000.00 in hundredths, all magnitudes alike.
    fn price(&mut self) -> i64 {
        let part = self.below(1 << 53) as f64 / (1u64 << 53) as f64;
        (10f64.powf(part * 6.0) * 100.0).round() as i64
    }

    fn letters(&mut self, count: usize) -> String {
        self.signs(count, 26)
    }

    /// Letters, a space for every thirteenth sign or so; three to so many in all.
    fn words(&mut self, most: u64) -> String {
        let count = 3 + self.below(most - 3) as usize;
        self.signs(count, 26 + 2).trim().to_string()
    }

    /// Signs below 26 are letters, those above are spaces. One throw gives ten.
    fn signs(&mut self, count: usize, kinds: u64) -> String {
        let (mut signs, mut random) = (String::with_capacity(count), 0);
        for place in 0..count {
            if place % 10 == 0 {
                random = self.below(kinds.pow(10));
            }
            signs.push(if random % kinds < 26 { char::from(b'a' + (random % kinds) as u8) } else { ' ' });
            random /= kinds;
        }
        signs
    }

    /// What brings an event of `size` bytes to `average`, a fifth more or less.
    fn extra(&mut self, size: usize, average: usize) -> String {
        let missing = average.saturating_sub(size);
        let fifth = missing / 5;
        let count = missing - fifth + self.below(2 * fifth as u64 + 1) as usize;
        self.letters(count)
    }
}
