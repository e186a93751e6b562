#!/usr/bin/env python3
"""The people and products of the demonstration, for every generator of demo traffic.

    from people import population
    world = population(seed=7)

The same seed gives the same people, units and prices on every machine and for ever, whatever day is
asked for: a customer who buys at a till today is the one who brings the unit to a station in March.
A generator draws from the world with a random.Random of its own, and writes names and phones in the
way its channel would; `written_*` below have the usual ways.

Run by itself it prints the population as tab-separated text, for people who want to look.

Nobody here exists.  Mobile numbers have the exchange 0000, land lines end in a block of ten thousand,
mail goes to the domains that RFC 2606 reserves.  A Chinese number plan has no block for fiction, so
nothing must ever be sent to these numbers.
"""
import argparse
import random
import sys
from dataclasses import dataclass, field
from datetime import date, timedelta

# Units were bought in the three years before this day, whatever day the traffic is for.
BORN = date(2026, 1, 1)

FAMILY = ("王:Wang 李:Li 张:Zhang 刘:Liu 陈:Chen 杨:Yang 赵:Zhao 黄:Huang 周:Zhou 吴:Wu 徐:Xu 孙:Sun "
          "胡:Hu 朱:Zhu 高:Gao 林:Lin 何:He 郭:Guo 马:Ma 罗:Luo 梁:Liang 宋:Song 郑:Zheng 谢:Xie 韩:Han "
          "唐:Tang 冯:Feng 于:Yu 董:Dong 萧:Xiao 程:Cheng 曹:Cao 袁:Yuan 邓:Deng 许:Xu 傅:Fu 沈:Shen "
          "欧阳:Ouyang 上官:Shangguan 司马:Sima").split()
GIVEN_F = ("芳:Fang 娜:Na 敏:Min 静:Jing 丽:Li 秀英:Xiuying 婷:Ting 雪:Xue 慧:Hui 欣怡:Xinyi 雨桐:Yutong "
           "梓涵:Zihan 晓燕:Xiaoyan 桂兰:Guilan 玉梅:Yumei 佳琪:Jiaqi 诗涵:Shihan 思远:Siyuan").split()
GIVEN_M = ("伟:Wei 强:Qiang 磊:Lei 洋:Yang 勇:Yong 军:Jun 杰:Jie 涛:Tao 明:Ming 超:Chao 建国:Jianguo "
           "志强:Zhiqiang 浩然:Haoran 子轩:Zixuan 宇航:Yuhang 文博:Wenbo 国栋:Guodong 俊杰:Junjie").split()
FOREIGN = ("Anna Kowalska:f", "James O'Neill:m", "María García López:f", "Jürgen Groß:m",
           "Siobhán Byrne:f", "Kenji Tanaka:m", "Olga Petrova:f", "Jean-Luc Moreau:m",
           "Priya Raman:f", "Tom Becker:m")
CITIES = (  # city, province, district, trunk code, land lines begin with, postcode
    ("上海市", "上海市", "徐汇区", "021", "6400", "200030"),
    ("上海市", "上海市", "浦东新区", "021", "5800", "200120"),
    ("北京市", "北京市", "朝阳区", "010", "8500", "100020"),
    ("广州市", "广东省", "天河区", "020", "3800", "510620"),
    ("成都市", "四川省", "武侯区", "028", "8500", "610041"),
)
STREETS = ("人民路", "中山北路", "解放大街", "淮海西路", "建设二路", "文化巷", "和平里", "长宁支路")
MOBILE_BLOCKS = ("135", "137", "138", "139", "150", "158", "177", "186", "188", "199")
COMPANIES = ("远山贸易有限公司", "晨光设计事务所", "蓝湖科技有限公司", "Harbour View Dental", "Lotus Travel")
STORES = ("ST-SH-01", "ST-SH-02", "ST-BJ-01", "ST-GZ-01", "ST-CD-01")


@dataclass(frozen=True)
class Part:
    number: str
    name: str
    price: int  # in fen, as all money here
    defect: str  # the defect code it mends


@dataclass(frozen=True)
class Product:
    sku: str
    model: str
    name: str
    category: str
    category_zh: str
    price: int
    weight: int  # how often it is bought
    parts: tuple = ()
    brand: str = "Mingyuan"


PRODUCTS = (
    Product("4006381330001", "MV-55X", "明远 55寸 4K 电视", "television", "电视", 459900, 12, (
        Part("MV55-PSU", "电源板", 38000, "NO_POWER"), Part("MV55-TCON", "逻辑板", 52000, "LINES"),
        Part("MV55-PNL", "液晶屏", 240000, "BROKEN_SCREEN"))),
    Product("4006381330018", "MV-65Q", "明远 65寸 量子点电视", "television", "电视", 699900, 6, (
        Part("MV65-PSU", "电源板", 42000, "NO_POWER"),
        Part("MV65-BLT", "背光条", 36000, "DARK_PICTURE"))),
    Product("4006381330025", "MN-14", "明远 14寸 轻薄笔记本", "notebook", "笔记本电脑", 589900, 14, (
        Part("MN14-BAT", "电池", 45000, "BATTERY"), Part("MN14-KBD", "键盘", 26000, "KEYS"),
        Part("MN14-FAN", "风扇", 12000, "NOISE"))),
    Product("4006381330032", "MN-16P", "明远 16寸 创作本", "notebook", "笔记本电脑", 999900, 5, (
        Part("MN16-LCD", "屏幕总成", 148000, "BROKEN_SCREEN"),
        Part("MN16-BAT", "电池", 58000, "BATTERY"))),
    Product("4006381330049", "MC-7", "明远 微单相机", "camera", "相机", 829900, 7, (
        Part("MC7-SHT", "快门组件", 68000, "SHUTTER"), Part("MC7-CCD", "传感器", 210000, "SPOTS"))),
    Product("4006381330056", "ML-2470", "明远 24-70 镜头", "lens", "镜头", 659900, 3, (
        Part("ML24-AF", "对焦马达", 72000, "FOCUS"),)),
    Product("4006381330063", "MH-900", "明远 降噪耳机", "headphones", "耳机", 219900, 20, (
        Part("MH9-PAD", "耳罩", 9900, "WORN"), Part("MH9-BAT", "电池", 8900, "BATTERY"))),
    Product("4006381330070", "MG-5", "明远 游戏主机", "game console", "游戏机", 389900, 15, (
        Part("MG5-DRV", "光驱", 46000, "NO_DISC"), Part("MG5-HDM", "HDMI 接口", 6800, "NO_PICTURE"))),
    Product("4006381330087", "MP-4K", "明远 家用投影机", "projector", "投影机", 1299900, 2, (
        Part("MP4-LMP", "光源", 188000, "DARK_PICTURE"),)),
    Product("4006381330094", "MS-300", "明远 回音壁", "soundbar", "音响", 169900, 9, (
        Part("MS3-AMP", "功放板", 31000, "NO_SOUND"),)),
)


@dataclass(frozen=True)
class Household:
    number: int
    address: str  # in full, as a person would write it
    region: str
    city: str
    district: str
    street: str
    postcode: str
    home_phone: str  # shared by all of it: "02164000123"; "" for most


@dataclass(frozen=True)
class Person:
    number: int  # 1 ..., the demonstration's own; no channel knows it
    family: str
    given: str
    name: str  # as the person writes it
    latin: str  # in Latin letters
    gender: str  # "f", "m"
    birth_date: date
    mobile: str  # eleven digits; shared with a parent's when `shares_mobile`
    shares_mobile: bool
    work_phone: str  # "021-58000017转8001"; "" for most
    email: str  # "" for some
    member_card: str  # "" for those who are no members
    common_id: str  # account of the website; "" for those without
    company: str
    household: Household


@dataclass(frozen=True)
class Unit:
    serial: str
    product: Product
    owner: Person
    purchase_date: date
    store: str
    receipt: str


@dataclass(frozen=True)
class World:
    people: tuple
    households: tuple
    units: tuple
    products: tuple = PRODUCTS
    stores: tuple = STORES
    units_of: dict = field(default_factory=dict, compare=False)  # person's number -> units


def _digits(rng, count):
    return "".join(rng.choice("0123456789") for _ in range(count))


def check_digit(digits):
    """Luhn's, over a string of digits: member cards end in it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def _household(rng, number):
    city, region, district, trunk, line, postcode = rng.choice(CITIES)
    street = "%s%d号%d幢%d室" % (rng.choice(STREETS), rng.randint(1, 900), rng.randint(1, 30),
                              rng.randint(1, 20) * 100 + rng.randint(1, 4))
    home = trunk + line + "%04d" % number if rng.random() < 0.4 else ""
    address = (region if region != city else "") + city + district + street
    return Household(number, address, region, city, district, street, postcode, home)


def _person(rng, number, household, family, parent):
    if family is None:
        name, gender = rng.choice(FOREIGN).split(":")
        given, _, surname = name.partition(" ")
        family, latin = surname, name
    else:
        gender = rng.choice("fm")
        given, given_latin = rng.choice(GIVEN_F if gender == "f" else GIVEN_M).split(":")
        family, family_latin = family.split(":")
        name, latin = family + given, given_latin + " " + family_latin
    shares = parent is not None and rng.random() < 0.3
    born = date(1948, 1, 1) + timedelta(days=rng.randrange(365 * 56))
    mobile = parent.mobile if shares else rng.choice(MOBILE_BLOCKS) + "0000%04d" % number
    ascii_name = latin.lower().encode("ascii", "ignore").decode().replace(" ", ".").replace("'", "")
    email = "%s%d@example.%s" % (ascii_name, number, rng.choice(("com", "net", "org")))
    work = ""
    company = ""
    if rng.random() < 0.15:
        company = rng.choice(COMPANIES)
        city = rng.choice(CITIES)
        work = "%s-%s%04d转%d" % (city[3], city[4], 9000 + COMPANIES.index(company),
                                 8000 + number % 900)
    card = "62" + "%08d" % (number * 7919 % 10 ** 8)
    return Person(
        number, family, given, name, latin, gender, born, mobile, shares, work,
        email if rng.random() < 0.7 else "",
        card + check_digit(card) if rng.random() < 0.55 else "",
        "cid-%06d" % (100000 + number * 37) if rng.random() < 0.5 else "", company, household)


def _unit(rng, number, owner):
    product = rng.choices(PRODUCTS, [p.weight for p in PRODUCTS])[0]
    bought = BORN - timedelta(days=rng.randrange(3 * 365))
    year, week, _ = bought.isocalendar()
    serial = "MY%s%02d%02d%06d" % (product.model.replace("-", ""), year % 100, week, number * 13 + 101)
    store = rng.choice(STORES)
    return Unit(serial, product, owner, bought, store, "%s-%s-%04d" % (
        store, bought.strftime("%y%m%d"), rng.randint(1, 400)))


def population(seed, size=600):
    """`size` people in households of one to four.  At most 9000, for the phones to differ."""
    if not 1 <= size <= 9000:
        raise ValueError("size is 1 to 9000")
    rng = random.Random("people:%d" % seed)
    people, households, units = [], [], []
    units_of = {}
    while len(people) < size:
        household = _household(rng, len(households) + 1)
        households.append(household)
        family = rng.choice(FAMILY) if rng.random() > 0.06 else None
        parent = None
        for _ in range(min(rng.choices((1, 2, 3, 4), (40, 25, 25, 10))[0], size - len(people))):
            # Spouses keep their own family name, children have one of the two.
            own = rng.choice(FAMILY) if parent is not None and rng.random() < 0.4 else family
            person = _person(rng, len(people) + 1, household, own, parent)
            parent = parent or person
            people.append(person)
            owned = [_unit(rng, len(units) + 1 + i, person)
                     for i in range(rng.choices((0, 1, 2, 3), (25, 45, 20, 10))[0])]
            units.extend(owned)
            units_of[person.number] = tuple(owned)
    return World(tuple(people), tuple(households), tuple(units), units_of=units_of)


# ---- As channels write it ----

def full_width(text):
    """ASCII letters and digits in the wide forms that some input methods leave behind."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def written_mobile(rng, mobile):
    """A mobile number in one of the ways people write it."""
    a, b, c = mobile[:3], mobile[3:7], mobile[7:]
    return rng.choices((mobile, "%s %s %s" % (a, b, c), "%s-%s-%s" % (a, b, c), "+86" + mobile,
                        "0086 " + mobile, "0" + mobile, full_width(mobile)),
                       (60, 10, 8, 10, 3, 4, 5))[0]


def written_land_line(phone):
    """02164000123 as 021-64000123."""
    return phone[:3] + "-" + phone[3:]


def written_name(rng, person):
    """A name as a clerk writes it: mostly right, at times in Latin, wide or with a title."""
    if person.name == person.latin:
        return rng.choices((person.name, person.name.upper(), full_width(person.name)),
                           (80, 15, 5))[0]
    title = "女士" if person.gender == "f" else "先生"
    return rng.choices((person.name, person.family + " " + person.given, person.latin,
                        person.family + title), (82, 5, 8, 5))[0]


def main():
    parser = argparse.ArgumentParser(description="Prints the people of the demonstration.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", type=int, default=600)
    args = parser.parse_args()
    world = population(args.seed, args.size)
    out = sys.stdout
    out.write("number\tname\tlatin\tmobile\thome\twork\temail\tcard\tcommon id\tunits\n")
    for p in world.people:
        out.write("\t".join((str(p.number), p.name, p.latin, p.mobile, p.household.home_phone,
                             p.work_phone, p.email, p.member_card, p.common_id,
                             " ".join(u.serial for u in world.units_of[p.number]))) + "\n")


if __name__ == "__main__":
    main()
