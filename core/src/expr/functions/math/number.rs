//! What the math functions do to numbers, and how results of a decimal get their type.

use std::ops::Range;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;

use crate::expr::check::Checker;
use crate::expr::kernels::decimal::{self, MAX_DIGITS};
use crate::expr::kernels::rows::{Decimal, Float, Int, map1, map2};
use crate::expr::kernels::{Inputs, Reason};
use crate::expr::node::Node;
use crate::types::Type;

pub(super) const OVERFLOW: &str = "float64 out of range: overflow";
pub(super) const UNDERFLOW: &str = "float64 out of range: underflow";
pub(super) const DOMAIN: &str = "input is out of range";

/// A function of one float64 whose result must stay finite.
pub(super) fn float1(inputs: &Inputs, function: impl Fn(f64) -> Result<f64, &'static str>) -> ArrayRef {
    map1::<Float, f64>(inputs, |x| {
        let value = function(x)?;
        if value.is_infinite() && x.is_finite() { Err(OVERFLOW.into()) } else { Ok(value) }
    })
}

pub(super) fn logarithm(x: f64, function: fn(f64) -> f64) -> Result<f64, &'static str> {
    if x == 0.0 {
        Err("cannot take logarithm of zero")
    } else if x < 0.0 {
        Err("cannot take logarithm of a negative number")
    } else {
        Ok(function(x))
    }
}

pub(super) fn power(a: f64, b: f64) -> Result<f64, &'static str> {
    if a == 0.0 && b < 0.0 {
        return Err("zero raised to a negative power is undefined");
    }
    if a < 0.0 && b.is_finite() && b.fract() != 0.0 {
        return Err("a negative number raised to a non-integer power yields a complex result");
    }
    let value = a.powf(b);
    if a.is_finite() && b.is_finite() && value.is_infinite() {
        return Err(OVERFLOW);
    }
    if a.is_finite() && b.is_finite() && value == 0.0 && a != 0.0 {
        return Err(UNDERFLOW);
    }
    Ok(value)
}

pub(super) fn gcd(a: i64, b: i64) -> Result<i64, Reason> {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a).map_err(|_| "int64 out of range".into())
}

pub(super) fn lcm(a: i64, b: i64) -> Result<i64, Reason> {
    if a == 0 || b == 0 {
        return Ok(0);
    }
    let product = (a / gcd(a, b)?).checked_mul(b).and_then(i64::checked_abs);
    product.ok_or("int64 out of range".into())
}

pub(super) fn width_bucket(x: f64, low: f64, high: f64, count: i64) -> Result<i64, Reason> {
    if count <= 0 {
        return Err("count must be greater than zero".into());
    }
    if x.is_nan() || !low.is_finite() || !high.is_finite() {
        return Err("bounds must be finite, and the operand a number".into());
    }
    if low == high {
        return Err("lower bound cannot equal upper bound".into());
    }
    let (x, low, high) = if low < high { (x, low, high) } else { (-x, -low, -high) };
    if x < low {
        return Ok(0);
    }
    if x >= high {
        return count.checked_add(1).ok_or("int64 out of range".into());
    }
    Ok(((x - low) / (high - low) * count as f64) as i64 + 1)
}

pub(super) fn float_places(x: f64, n: i64, rounds: bool) -> f64 {
    if !x.is_finite() {
        return x;
    }
    let places = n.clamp(-308, 22);
    if places < 0 {
        let unit = 10f64.powi(-places as i32);
        return if rounds { (x / unit).round() * unit } else { (x / unit).trunc() * unit };
    }
    let scale = places as u8;
    // Beyond 38 digits there are none behind the point.
    let Ok(wide) = decimal::from_float(x, MAX_DIGITS, 22) else { return x };
    let wide = if rounds { Some(wide) } else { decimal::power_of_ten(22 - scale).map(|unit| wide - wide % unit) };
    wide.and_then(|wide| decimal::rescale(wide, 22, scale)).map_or(x, |digits| decimal::to_float(digits, scale))
}

fn as_decimal(checker: &mut Checker, node: Node) -> Option<(Node, u8, u8)> {
    let node = match node.data {
        Type::Decimal { .. } => node,
        _ => checker.convert(node, &Type::Decimal { precision: 19, scale: 0 })?,
    };
    let Type::Decimal { precision, scale } = node.data else { return None };
    Some((node, precision, scale))
}

/// A function on the digits of a decimal and the number of them that make one; the result is whole, or of the same type.
pub(super) fn digits(
    checker: &mut Checker,
    mut nodes: Vec<Node>,
    span: Range<usize>,
    is_whole: bool,
    function: fn(i128, i128) -> i128,
) -> Option<Node> {
    let (node, precision, scale) = as_decimal(checker, nodes.pop()?)?;
    let data = match is_whole {
        true => Type::Decimal { precision: (precision - scale + 1).min(MAX_DIGITS), scale: 0 },
        false => Type::Decimal { precision, scale },
    };
    let (arrow, unit) = (data.to_arrow(), decimal::power_of_ten(scale)?);
    let kernel = move |inputs: &Inputs| decimal::map_digits(inputs, arrow.clone(), |x| Ok(function(x, unit)));
    checker.strict(kernel, vec![node], data, false, span)
}

/// round and trunc of decimals: to a constant number of places the scale is known; else it stays, and digits are cleared.
pub(super) fn to_places(checker: &mut Checker, mut nodes: Vec<Node>, span: Range<usize>, rounds: bool) -> Option<Node> {
    let places = if nodes.len() > 1 { nodes.pop() } else { None };
    let (node, precision, scale) = as_decimal(checker, nodes.pop()?)?;
    let constant = match &places {
        None => Some(0),
        Some(places) => {
            places.as_constant().filter(|_| places.required).map(|n| n.as_primitive::<Int64Type>().value(0))
        }
    };
    let kept = constant.map_or(scale, |n| n.clamp(0, scale.into()) as u8);
    let digits = precision - scale + kept;
    let data = Type::Decimal { precision: (digits + 1).min(MAX_DIGITS), scale: kept };
    let Type::Decimal { precision, .. } = data else { return None };
    let arrow = data.to_arrow();
    let cut = move |x: i128, n: i64| placed(x, scale, n, rounds, precision, kept);
    match (constant, places) {
        (Some(n), _) => {
            let kernel = move |inputs: &Inputs| decimal::map_digits(inputs, arrow.clone(), |x| cut(x, n));
            checker.strict(kernel, vec![node], data, true, span)
        }
        (None, Some(places)) => {
            let places = checker.convert(places, &Type::Int64)?;
            let kernel = move |inputs: &Inputs| {
                let values = map2::<Decimal, Int, decimal::Digits>(inputs, |x, n| cut(x, n).map(decimal::Digits));
                decimal::typed(values, arrow.clone())
            };
            checker.strict(kernel, vec![node, places], data, true, span)
        }
        (None, None) => None,
    }
}

/// `x` with the digits behind `n` places rounded or cut, in scale `kept`.
fn placed(x: i128, scale: u8, n: i64, rounds: bool, precision: u8, kept: u8) -> Result<i128, Reason> {
    let cleared = i64::from(scale) - n.clamp(-100, 100);
    let value = match u8::try_from(cleared).ok().filter(|cleared| *cleared > 0).map(decimal::power_of_ten) {
        None => x,
        Some(None) => 0,
        Some(Some(unit)) => {
            let rest = x % unit;
            let away = rounds && rest.unsigned_abs() >= unit.unsigned_abs().div_ceil(2);
            (x - rest).checked_add(if away { unit * x.signum() } else { 0 }).ok_or(decimal::OVERFLOW)?
        }
    };
    decimal::to_type(value, scale, precision, kept)
}
