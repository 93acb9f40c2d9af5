//! Reads what `policy_bench --export` writes, decides each request many times with the official engine,
//! prints the median and the 99th percentile in nanoseconds. Policies, entities and requests are parsed
//! beforehand; what is timed is `Authorizer::is_authorized` alone.
use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicySet, Request};
use serde_json::Value;
use std::{hint::black_box, io::BufRead, str::FromStr, time::Instant};

const ROUNDS: usize = 500;

fn uid(value: &Value) -> EntityUid {
    EntityUid::from_json(value.clone()).expect("a uid")
}

fn request(row: &Value) -> Request {
    let context = Context::from_json_value(row[3].clone(), None).expect("a context");
    Request::new(uid(&row[0]), uid(&row[1]), uid(&row[2]), context, None).expect("a request")
}

fn main() {
    println!("ns per decision      p50        p99");
    for line in std::io::stdin().lock().lines() {
        let app: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        let policies = PolicySet::from_str(app["policies"].as_str().expect("policies")).expect("policies");
        let entities = Entities::from_json_value(app["entities"].clone(), None).expect("entities");
        let requests: Vec<Request> = app["requests"].as_array().expect("requests").iter().map(request).collect();
        let authorizer = Authorizer::new();
        let mut took = Vec::with_capacity(ROUNDS * requests.len());
        for _ in 0..ROUNDS {
            for each in &requests {
                let start = Instant::now();
                black_box(authorizer.is_authorized(each, &policies, &entities));
                took.push(start.elapsed().as_nanos());
            }
        }
        took.sort_unstable();
        let name = app["name"].as_str().expect("a name");
        println!("{name:<12} {:>10} {:>10}", took[took.len() / 2], took[took.len() * 99 / 100]);
    }
}
