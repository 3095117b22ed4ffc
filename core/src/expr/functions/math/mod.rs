//! Numbers. What is outside a function's domain or beyond float64 fails.

mod number;

use self::number::{
    DOMAIN, UNDERFLOW, digits, float_places, float1, gcd, lcm, logarithm, power, to_places, width_bucket,
};
use super::{Category, Function, build, example, rows, sure};
use crate::expr::kernels::arithmetic::Arithmetic;
use crate::expr::kernels::rows::{Float, Int, map1, map2, map4};

macro_rules! angle {
    ($name:literal, $doc:literal, $example:literal, $gives:literal, $is_fine:expr, $function:expr) => {
        Function {
            name: $name,
            category: Category::Math,
            doc: $doc,
            examples: &[example($example, $gives)],
            forms: &[rows(concat!($name, "(x float64) → float64"), |inputs| {
                let is_fine: fn(f64) -> bool = $is_fine;
                float1(inputs, |x| if x.is_nan() || is_fine(x) { Ok($function(x)) } else { Err(DOMAIN) })
            })],
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        category: Category::Math,
        doc: "The size of a number, without its sign.",
        examples: &[example("abs(-17)", "17"), example("abs(-1.5)", "1.5")],
        forms: &[
            rows("abs(x int64) → int64", |inputs| {
                map1::<Int, i64>(inputs, |x| x.checked_abs().ok_or("int64 out of range".into()))
            }),
            sure("abs(x float64) → float64", |inputs| map1::<Float, f64>(inputs, |x| Ok(x.abs()))),
            build("abs(x decimal) → decimal", |checker, nodes, span| {
                digits(checker, nodes, span, false, |x, _| x.abs())
            }),
        ],
    },
    Function {
        name: "sign",
        category: Category::Math,
        doc: "-1, 0 or 1.",
        examples: &[example("sign(-8.4)", "-1")],
        forms: &[
            sure("sign(x float64) → float64", |inputs| {
                map1::<Float, f64>(inputs, |x| {
                    Ok(if x > 0.0 {
                        1.0
                    } else if x < 0.0 {
                        -1.0
                    } else {
                        x.abs()
                    })
                })
            }),
            build("sign(x decimal) → decimal", |checker, nodes, span| {
                digits(checker, nodes, span, true, |x, _| x.signum())
            }),
        ],
    },
    Function {
        name: "ceil",
        category: Category::Math,
        doc: "The nearest whole number that is not below.",
        examples: &[example("ceil(42.2)", "43"), example("ceil(-42.8)", "-42")],
        forms: CEIL,
    },
    Function {
        name: "ceiling",
        category: Category::Math,
        doc: "As ceil.",
        examples: &[example("ceiling(95.3)", "96")],
        forms: CEIL,
    },
    Function {
        name: "floor",
        category: Category::Math,
        doc: "The nearest whole number that is not above.",
        examples: &[example("floor(42.8)", "42"), example("floor(-42.8)", "-43")],
        forms: &[
            sure("floor(x float64) → float64", |inputs| map1::<Float, f64>(inputs, |x| Ok(x.floor()))),
            build("floor(x decimal) → decimal", |checker, nodes, span| {
                digits(checker, nodes, span, true, |x, unit| x.div_euclid(unit))
            }),
        ],
    },
    Function {
        name: "round",
        category: Category::Math,
        doc: "The nearest whole number, or the nearest with n digits after the point. Halves go away from zero; of a \
              float64 without n to the even number, with n by its 15 first digits, as x::numeric would.",
        examples: &[
            example("round(42.5)", "43"),
            example("round(42.4382, 2)", "42.44"),
            example("round(1234.56, -2)", "1200"),
        ],
        forms: &[
            sure("round(x float64) → float64", |inputs| map1::<Float, f64>(inputs, |x| Ok(x.round_ties_even()))),
            build("round(x decimal) → decimal", |checker, nodes, span| to_places(checker, nodes, span, true)),
            build("round(x decimal, n int64) → decimal", |checker, nodes, span| {
                to_places(checker, nodes, span, true)
            }),
            rows("round(x float64, n int64) → float64", |inputs| {
                map2::<Float, Int, f64>(inputs, |x, n| Ok(float_places(x, n, true)))
            }),
        ],
    },
    Function {
        name: "trunc",
        category: Category::Math,
        doc: "The number without what is behind the point, or behind n digits after it.",
        examples: &[example("trunc(42.8)", "42"), example("trunc(-42.4382, 2)", "-42.43")],
        forms: &[
            sure("trunc(x float64) → float64", |inputs| map1::<Float, f64>(inputs, |x| Ok(x.trunc()))),
            build("trunc(x decimal) → decimal", |checker, nodes, span| to_places(checker, nodes, span, false)),
            build("trunc(x decimal, n int64) → decimal", |checker, nodes, span| {
                to_places(checker, nodes, span, false)
            }),
            rows("trunc(x float64, n int64) → float64", |inputs| {
                map2::<Float, Int, f64>(inputs, |x, n| Ok(float_places(x, n, false)))
            }),
        ],
    },
    Function {
        name: "mod",
        category: Category::Math,
        doc: "The rest of a division, with the sign of the dividend; as a % b.",
        examples: &[example("mod(9, 4)", "1"), example("mod(-9, 4)", "-1")],
        forms: &[build("mod(a number, b number) → number", |checker, mut nodes, span| {
            let (b, a) = (nodes.pop()?, nodes.pop()?);
            checker.arithmetic(Arithmetic::Remainder, a, b, span)
        })],
    },
    Function {
        name: "div",
        category: Category::Math,
        doc: "The whole part of a quotient.",
        examples: &[example("div(9, 4)", "2"), example("div(-9, 4)", "-2")],
        forms: &[build("div(a int64, b int64) → int64", |checker, mut nodes, span| {
            let (b, a) = (nodes.pop()?, nodes.pop()?);
            checker.arithmetic(Arithmetic::Divide, a, b, span)
        })],
    },
    Function {
        name: "gcd",
        category: Category::Math,
        doc: "The greatest common divisor.",
        examples: &[example("gcd(1071, 462)", "21")],
        forms: &[rows("gcd(a int64, b int64) → int64", |inputs| map2::<Int, Int, i64>(inputs, gcd))],
    },
    Function {
        name: "lcm",
        category: Category::Math,
        doc: "The least common multiple.",
        examples: &[example("lcm(1071, 462)", "23562")],
        forms: &[rows("lcm(a int64, b int64) → int64", |inputs| map2::<Int, Int, i64>(inputs, lcm))],
    },
    Function {
        name: "sqrt",
        category: Category::Math,
        doc: "The square root.",
        examples: &[example("sqrt(2)", "1.4142135623730951")],
        forms: &[rows("sqrt(x float64) → float64", |inputs| {
            float1(inputs, |x| if x < 0.0 { Err("cannot take square root of a negative number") } else { Ok(x.sqrt()) })
        })],
    },
    Function {
        name: "cbrt",
        category: Category::Math,
        doc: "The cube root.",
        examples: &[example("cbrt(64)", "4")],
        forms: &[sure("cbrt(x float64) → float64", |inputs| map1::<Float, f64>(inputs, |x| Ok(x.cbrt())))],
    },
    Function {
        name: "power",
        category: Category::Math,
        doc: "A number to the power of another; as a ^ b.",
        examples: &[example("power(9, 3)", "729"), example("2 ^ 10", "1024")],
        forms: POWER,
    },
    Function {
        name: "pow",
        category: Category::Math,
        doc: "As power.",
        examples: &[example("pow(2, 0.5)", "1.4142135623730951")],
        forms: POWER,
    },
    Function {
        name: "exp",
        category: Category::Math,
        doc: "e to the power of a number.",
        examples: &[example("exp(0)", "1")],
        forms: &[rows("exp(x float64) → float64", |inputs| {
            float1(inputs, |x| {
                let value = x.exp();
                if value == 0.0 && x.is_finite() { Err(UNDERFLOW) } else { Ok(value) }
            })
        })],
    },
    Function {
        name: "ln",
        category: Category::Math,
        doc: "The natural logarithm.",
        examples: &[example("ln(1)", "0")],
        forms: &[rows("ln(x float64) → float64", |inputs| float1(inputs, |x| logarithm(x, f64::ln)))],
    },
    Function {
        name: "log10",
        category: Category::Math,
        doc: "The logarithm to base 10.",
        examples: &[example("log10(1000)", "3")],
        forms: &[rows("log10(x float64) → float64", |inputs| float1(inputs, |x| logarithm(x, f64::log10)))],
    },
    Function {
        name: "log",
        category: Category::Math,
        doc: "The logarithm to base 10, or to a base.",
        examples: &[example("log(100)", "2"), example("log(2, 64)", "6")],
        forms: &[
            rows("log(x float64) → float64", |inputs| float1(inputs, |x| logarithm(x, f64::log10))),
            rows("log(base float64, x float64) → float64", |inputs| {
                map2::<Float, Float, f64>(inputs, |base, x| {
                    logarithm(base, f64::ln)?;
                    let value = if base == 2.0 { logarithm(x, f64::log2)? } else { logarithm(x, f64::ln)? / base.ln() };
                    if base == 1.0 { Err("division by zero".into()) } else { Ok(value) }
                })
            }),
        ],
    },
    angle!("sin", "The sine of radians.", "sin(0)", "0", f64::is_finite, f64::sin),
    angle!("cos", "The cosine of radians.", "cos(0)", "1", f64::is_finite, f64::cos),
    angle!("tan", "The tangent of radians.", "tan(0)", "0", f64::is_finite, f64::tan),
    angle!("asin", "The inverse sine, in radians.", "asin(0)", "0", |x| x.abs() <= 1.0, f64::asin),
    angle!("acos", "The inverse cosine, in radians.", "acos(1)", "0", |x| x.abs() <= 1.0, f64::acos),
    angle!("atan", "The inverse tangent, in radians.", "atan(0)", "0", |_| true, f64::atan),
    angle!("degrees", "Radians in degrees.", "degrees(pi())", "180", |_| true, f64::to_degrees),
    angle!("radians", "Degrees in radians.", "radians(180) = pi()", "true", |_| true, f64::to_radians),
    Function {
        name: "atan2",
        category: Category::Math,
        doc: "The inverse tangent of y / x, in radians.",
        examples: &[example("atan2(0, 1)", "0")],
        forms: &[sure("atan2(y float64, x float64) → float64", |inputs| {
            map2::<Float, Float, f64>(inputs, |y, x| Ok(y.atan2(x)))
        })],
    },
    Function {
        name: "pi",
        category: Category::Math,
        doc: "π.",
        examples: &[example("pi()", "3.141592653589793")],
        forms: &[sure("pi() → float64", |inputs| {
            std::sync::Arc::new(arrow_array::Float64Array::from(vec![std::f64::consts::PI; inputs.rows]))
        })],
    },
    Function {
        name: "width_bucket",
        category: Category::Math,
        doc: "The bucket that a number falls into, of so many of equal width between two bounds; 0 below, count + 1 from \
              the upper bound on.",
        examples: &[example("width_bucket(5.35, 0.024, 10.06, 5)", "3")],
        forms: &[rows("width_bucket(x float64, low float64, high float64, count int64) → int64", |inputs| {
            map4::<Float, Float, Float, Int, i64>(inputs, width_bucket)
        })],
    },
];

const CEIL: &[super::Form] = &[
    sure("ceil(x float64) → float64", |inputs| map1::<Float, f64>(inputs, |x| Ok(x.ceil()))),
    build("ceil(x decimal) → decimal", |checker, nodes, span| {
        digits(checker, nodes, span, true, |x, unit| -(-x).div_euclid(unit))
    }),
];

const POWER: &[super::Form] = &[rows("power(a float64, b float64) → float64", |inputs| {
    map2::<Float, Float, f64>(inputs, |a, b| Ok(power(a, b)?))
})];
