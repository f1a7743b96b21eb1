"""The data of the gallery, the same on every machine.

    generate.py FOLDER VEGA

Makes the tables of a small shop and its sensors, and puts beside them those files of the npm package
`vega-datasets` (version 3.2.1; VEGA is its folder `data`) that the gallery reads. Of these the ones that
are JSON become Parquet, since DJ reads none.
"""

import argparse
import random
import shutil
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

AS_THEY_ARE = [
    "airports.csv",
    "birdstrikes.csv",
    "co2-concentration.csv",
    "disasters.csv",
    "flights-3m.parquet",
    "gapminder-health-income.csv",
    "github.csv",
    "global-temp.csv",
    "iowa-electricity.csv",
    "seattle-weather-hourly-normals.csv",
    "seattle-weather.csv",
    "sp500-2000.csv",
    "stocks.csv",
    "us-employment.csv",
    "weather.csv",
    "zipcodes.csv",
]

# Each a Parquet file of the same name, from the JSON file.
FROM_JSON = {
    "cars": """
        select Name as name, Miles_per_Gallon::double as mpg, Cylinders::int as cylinders,
          Displacement::double as displacement, Horsepower::int as horsepower, Weight_in_lbs::int as weight,
          Acceleration::double as acceleration, year(Year::date)::int as year, Origin as origin
        from read_json('{file}')""",
    "earthquakes": """
        select feature.id as id, feature.properties.mag::double as magnitude, feature.properties.place as place,
          make_timestamp(feature.properties.time * 1000) as ts, feature.properties.felt::int as felt,
          feature.geometry.coordinates[1]::double as longitude, feature.geometry.coordinates[2]::double as latitude,
          feature.geometry.coordinates[3]::double as depth
        from (select unnest(features) as feature from read_json('{file}', maximum_object_size = 10000000))
        order by ts, id""",
    "movies": """
        select "Title" ->> '$' as title, "US Gross"::bigint as us_gross, "Worldwide Gross"::bigint as gross,
          "Production Budget"::bigint as budget, "Release Date" as released, "MPAA Rating" as rating,
          "Distributor" as distributor, "Major Genre" as genre, "Director" as director,
          "Rotten Tomatoes Rating"::int as tomatoes, "IMDB Rating"::double as imdb, "IMDB Votes"::int as votes
        from read_json('{file}', sample_size = -1)""",
    "penguins": """
        select Species as species, Island as island, "Beak Length (mm)"::double as beak_length,
          "Beak Depth (mm)"::double as beak_depth, "Flipper Length (mm)"::double as flipper,
          "Body Mass (g)"::double as mass, Sex as sex
        from read_json('{file}')""",
}


def users(chance):
    """Who signed up, when and where; not everybody tells the age, and some left."""
    rows = []
    for number in range(1, 601):
        signup = date(2024, 1, 1) + timedelta(days=chance.randrange(300))
        stays = int(chance.expovariate(1 / 200)) + 1
        left = signup + timedelta(days=stays)
        rows.append(
            {
                "user_id": number,
                "signup": signup,
                "country": chance.choices(["DE", "FR", "JP", "US"], weights=[3, 2, 2, 5])[0],
                "plan": chance.choices(["free", "basic", "pro"], weights=[6, 3, 1])[0],
                "age": chance.randrange(18, 80) if chance.random() < 0.9 else None,
                "ended": left if left < date(2024, 12, 31) else None,
            }
        )
    return rows


def events(chance, people):
    """What users did, in visits of a few pages; some events were sent twice."""
    rows, number = [], 0
    for person in people:
        for _ in range(chance.randrange(1, 9)):
            until = (person["ended"] or date(2024, 12, 31)) - person["signup"]
            seconds = chance.random() ** 2 * until.days * 86400
            ts = datetime.combine(person["signup"], datetime.min.time()) + timedelta(seconds=int(seconds))
            source = chance.choice(["ad", "mail", "search", None])
            for kind in ["visit", "view", "view", "cart", "purchase"]:
                number += 1
                page = f"/{kind}" + (f"/{chance.randrange(1, 20)}" if kind == "view" else "")
                event = {"user_id": person["user_id"], "ts": ts, "kind": kind, "page": page, "source": source}
                rows.append({"event_id": number, **event})
                if chance.random() < 0.05:
                    number += 1
                    again = ts + timedelta(milliseconds=chance.randrange(1, 3000))
                    rows.append({"event_id": number, **event, "ts": again})
                if chance.random() < 0.35:
                    break
                ts += timedelta(seconds=int(chance.expovariate(1 / 400)) + 1)
    return sorted(rows, key=lambda row: (row["ts"], row["event_id"]))


def money(amount):
    return Decimal(round(amount * 100)).scaleb(-2)


def price_history(chance):
    """Which price a product had, from which day to which; the last one holds until further notice."""
    rows = []
    for product in range(1, 41):
        day, price = date(2024, 1, 1), chance.uniform(2, 80)
        while day is not None:
            until = day + timedelta(days=chance.randrange(40, 200))
            ends = until if until < date(2024, 12, 31) else None
            rows.append({"sku": f"sku-{product:02}", "valid_from": day, "valid_to": ends, "price": money(price)})
            day, price = ends, price * chance.uniform(0.85, 1.25)
    return rows


def lines(chance, people):
    """Lines of orders: a customer buys a few products at once, more often the well-known ones."""
    rows = []
    for order in range(1, 2501):
        customer = int(chance.paretovariate(0.8)) % len(people) + 1
        ordered = datetime(2024, 1, 1) + timedelta(minutes=chance.randrange(365 * 24 * 60))
        products = {min(int(chance.paretovariate(0.7)), 40) for _ in range(chance.randrange(1, 6))}
        for product in sorted(products):
            rows.append(
                {
                    "order_id": order,
                    "customer_id": customer,
                    "ordered": ordered,
                    "sku": f"sku-{product:02}",
                    "quantity": chance.randrange(1, 5),
                    "unit_price": money(5 + product * 1.25 + chance.random()),
                }
            )
    return rows


def movements(chance):
    """What came into a store (positive) and what went out of it."""
    rows = []
    for product in range(1, 13):
        stock = 0
        for number in range(365):
            moved = []
            if stock < 40 and chance.random() < 0.15:
                moved.append(chance.randrange(50, 200))
            if stock and chance.random() < 0.6:
                moved.append(-min(stock + sum(moved), chance.randrange(1, 20)))
            stock += sum(moved)
            day = date(2024, 1, 1) + timedelta(days=number)
            rows += [{"sku": f"sku-{product:02}", "day": day, "quantity": quantity} for quantity in moved]
    return rows


def readings(chance):
    """What sensors measure every five minutes or so: with gaps, lost values and a few spikes."""
    rows = []
    for number, name in enumerate(["attic", "cellar", "garden", "roof"]):
        ts, level = datetime(2024, 3, 1), 15.0 + 2 * number
        while ts < datetime(2024, 3, 15):
            level += chance.gauss(0, 0.2)
            value = round(level + (25 if chance.random() < 0.002 else 0), 2)
            rows.append(
                {
                    "sensor": name,
                    "ts": ts,
                    "temperature": None if chance.random() < 0.04 else value,
                    "battery": 100 - (ts - datetime(2024, 3, 1)).days * (number + 1),
                }
            )
            ts += timedelta(seconds=300 + chance.randrange(-20, 20)) + timedelta(hours=5 * (chance.random() < 0.002))
    return sorted(rows, key=lambda row: row["ts"])


def market(chance):
    """Trades and quotes of three securities on two mornings."""
    trades, quotes = [], []
    for symbol, middle in {"AAA": 20.0, "BBB": 55.0, "CCC": 130.0}.items():
        for day in (4, 5):
            ts, close = datetime(2024, 3, day, 9, 30), datetime(2024, 3, day, 12)
            while ts < close:
                ts += timedelta(milliseconds=int(chance.expovariate(1 / 4000)) + 1)
                middle *= 1 + chance.gauss(0, 0.0004)
                half = middle * 0.0005
                if chance.random() < 0.7:
                    bid, ask = money(middle - half), money(middle + half)
                    quotes.append({"symbol": symbol, "ts": ts, "bid": bid, "ask": ask})
                else:
                    price = money(middle + half * chance.choice([-1, -0.5, 0.5, 1]))
                    trades.append({"symbol": symbol, "ts": ts, "price": price, "size": chance.randrange(1, 20) * 100})
    by_time = lambda row: (row["ts"], row["symbol"])
    return sorted(trades, key=by_time), sorted(quotes, key=by_time)


def bookings(chance):
    """Who has a room, from when to when; now and then two have one at a time."""
    rows = []
    for number in range(1, 401):
        begins = datetime(2024, 5, 6) + timedelta(days=chance.randrange(12), minutes=15 * chance.randrange(32, 72))
        ends = begins + timedelta(minutes=15 * chance.randrange(1, 13))
        rows.append({"booking_id": number, "room": chance.choice("ABCDEF"), "begins": begins, "ends": ends})
    return rows


def experiment(chance, people):
    """Users of three designs of a shop: whether they bought, and for how much."""
    rows = []
    for person in people:
        variant = chance.choice(["control", "green", "large"])
        bought = chance.random() < {"control": 0.20, "green": 0.24, "large": 0.31}[variant]
        revenue = round(chance.lognormvariate(3, 0.6), 2) if bought else 0.0
        rows.append({"user_id": person["user_id"], "variant": variant, "bought": bought, "revenue": revenue})
    return rows


def made(chance):
    people = users(chance)
    trades, quotes = market(chance)
    return {
        "users": people,
        "events": events(chance, people),
        "prices": price_history(chance),
        "lines": lines(chance, people),
        "movements": movements(chance),
        "readings": readings(chance),
        "trades": trades,
        "quotes": quotes,
        "bookings": bookings(chance),
        "experiment": experiment(chance, people),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("vega", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for name, rows in made(random.Random(2024)).items():
        pq.write_table(pa.Table.from_pylist(rows), given.folder / f"{name}.parquet")
    for name in AS_THEY_ARE:
        shutil.copyfile(given.vega / name, given.folder / name)
    for name, sql in FROM_JSON.items():
        query = sql.format(file=given.vega / f"{name}.json")
        duckdb.execute(f"copy ({query}) to '{given.folder / name}.parquet' (format parquet)")


if __name__ == "__main__":
    main()
