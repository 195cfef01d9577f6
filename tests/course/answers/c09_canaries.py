"""Exercise 09: canaries that do what customers do, and alarms that hear them.

What is here needs no browser; :data:`WITH_A_BROWSER` is played on machines that have one.
"""

from course.answers import NOT_YET, PASSED, UNTOUCHED, Answer

HEAD = """from labkit.course.checks.c09_canaries import situations
from labkit.synthetics import blueprints
facts, lab = ex._facts, ex.lab
tea = facts["tea"]
LIMIT = situations.SLOW_SECONDS * 0.8
synthetics = boto3.client("synthetics")
def canary(name, script, rate="rate(5 minutes)", start=True, **environment):
    synthetics.create_canary(
        Name=name, Code={"ZipFile": blueprints.package(script), "Handler": blueprints.HANDLER},
        ArtifactS3Location=ex.artifacts, ExecutionRoleArn=ex.role,
        Schedule={"Expression": rate}, RuntimeVersion="syn-python-selenium-12.0",
        RunConfig={"TimeoutInSeconds": 60, "EnvironmentVariables": environment})
    lab.advance(seconds=20)
    if start:
        synthetics.start_canary(Name=name)
def alarm(name, **more):
    asked = dict(
        Namespace="CloudWatchSynthetics", MetricName="SuccessPercent", Statistic="Average",
        Dimensions=[{"Name": "CanaryName", "Value": name}], Period=300, EvaluationPeriods=2,
        Threshold=100, ComparisonOperator="LessThanThreshold", TreatMissingData="breaching",
        AlarmActions=[ex.topic])
    boto3.client("cloudwatch").put_metric_alarm(AlarmName=name, **asked | more)
order = blueprints.script("api", PRODUCT=tea, QUANTITY=facts["quantity"])
ASK = '''
    def want(text):
        def check(response):
            if response.status != 200 or text not in response.text:
                raise Exception(f"{response.status}, and {text} is not on the page")
        return check
    def ask(name, path, text, **more):
        asked = {"url": BASE + path, "timeout": LIMIT, **more}
        webdriver.execute_http_step(name, asked, want(text))
'''.replace("LIMIT", repr(LIMIT))
SEARCH = f'    ask("search", "/search?q={tea}", "{tea.capitalize()}")\\n'
LOGIN = f'''
    ask("login", "/login", "Log in", method="POST",
        body="user={ex.customer}&password={ex.password}",
        headers={{"Content-Type": "application/x-www-form-urlencoded"}})
'''
TOP = '''
from aws_synthetics.selenium import synthetics_webdriver as webdriver
BASE = "https://shop.teapot.example"
def handler(event, context):
'''
pages = TOP + ASK + SEARCH + LOGIN
every = order.replace("    known = {}\\n", "    known = {}\\n" + ASK + SEARCH + LOGIN)
status = TOP + '''
    order = {"url": BASE + "/api/orders", "method": "POST",
             "body": {"product": "sencha", "quantity": 2}}
''' + ASK + SEARCH + LOGIN + '''
    webdriver.execute_http_step("write", order)
'''
"""
CANARY = HEAD + 'canary("shop", every)\n'
ALARM = 'alarm("shop")\n'
CARD = """
canary("shop", every.replace("def handler", "CARD = " + repr(facts["card"]) + "\\ndef handler"))
"""

ANSWERS = [
    # -- 1: what is visited
    Answer("no canary", 1, UNTOUCHED, ("the account has no canary", "ex.lab.shop.visit")),
    Answer("all in one", 1, PASSED,
           ("6 of 6 faults seen", "$10.37 a month", "Not played, since this machine has no browser",
            "a banner lies over"), CANARY + ALARM),
    Answer("two canaries every ten minutes", 1, PASSED, ("6 of 6 faults seen",),
           HEAD + 'canary("pages", pages, "rate(10 minutes)")\n'
           'canary("order", order, "rate(10 minutes)")\n'),
    Answer("Lena's card", 1, NOT_YET, ("contains a card number", "use the test card"),
           HEAD + CARD),
    Answer("statuses", 1, NOT_YET,
           ("08:10 to 09:40", "all PASSED", "201, `{}`", "that there is no order"),
           HEAD + 'canary("shop", status)\n'),
    Answer("orders alone", 1, NOT_YET,
           ("the search answers with an error", "once the first page is there"),
           HEAD + 'canary("shop", order)\n'),
    Answer("three every minute", 1, NOT_YET,
           ("$155.52 a month", "Lena has $40", "how many runs does that take"),
           HEAD + 'for name in ("a", "b", "c"):\n    canary(name, order, "rate(1 minute)")\n'),
    Answer("no patience needed", 1, NOT_YET, ("the search takes", "it does come in the end"),
           HEAD + 'canary("shop", every.replace(repr(LIMIT), "60"))\n'),
    Answer("the price too", 1, NOT_YET,
           ("new prices", "False alarm", "may change on a good day"),
           HEAD + "price = {'sencha': '14.90', 'assam': '9.90', 'oolong': '18.90', "
           "'rooibos': '7.90'}[tea]\n"
           "every = every.replace(LOGIN, f'    ask(\"price\", \"/search?q={tea}\", \"{price}\")\\n'"
           " + LOGIN)\n"
           'canary("shop", every)\n'),
    Answer("created, never started", 1, NOT_YET, ("No run would begin", "READY"),
           HEAD + 'canary("shop", every, start=False)\n'),
    Answer("a browser that is not there", 1, NOT_YET,
           ("can't be judged on a machine without one", "labkit doctor"),
           HEAD + 'canary("till", blueprints.script("workflow"))\n'),
    # -- 2: who is told
    Answer("no alarm", 2, UNTOUCHED, ("there is no alarm",)),
    Answer("two of two, breaching", 2, PASSED,
           ("6 faults told of", "a dead canary", "the restart in silence"), CANARY + ALARM),
    Answer("two of three", 2, PASSED, ("the restart in silence",),
           CANARY + 'alarm("shop", EvaluationPeriods=3, DatapointsToAlarm=2)\n'),
    Answer("one of one", 2, NOT_YET,
           ("for the nightly restart", "can a restart of two minutes spoil"),
           CANARY + 'alarm("shop", EvaluationPeriods=1)\n'),
    Answer("three of three", 2, NOT_YET, ("3 runs; she wants it after 2", "a mailbox"),
           CANARY + 'alarm("shop", EvaluationPeriods=3)\n'),
    Answer("missing is missing", 2, NOT_YET,
           ("somebody deletes their role", "no datapoint", "says nothing"),
           CANARY + 'alarm("shop", TreatMissingData="missing")\n'),
    Answer("no action", 2, NOT_YET, ("No alarm of yours has an action",),
           CANARY + 'alarm("shop", AlarmActions=[])\n'),
    Answer("one alarm for two canaries", 2, NOT_YET, ("orders are taken", "No mail"),
           HEAD + 'canary("pages", pages)\ncanary("order", order)\nalarm("pages")\n'),
    Answer("a period of a minute", 2, NOT_YET,
           ("all is well", "How often is there a point to look at"),
           CANARY + 'alarm("shop", Period=60)\n'),
]  # fmt: skip

WORKFLOW = (
    HEAD
    + """
steps = [
    ("login", "navigate", f"{ex.shop}/login"),
    ("user", "input_text", "#user", ex.customer),
    ("password", "input_text", "#password", "$SHOP_PASSWORD"),
    ("enter", "click_with_navigation", "#login-button"),
    ("inside", "verify_text", "#welcome", "Welcome"),
    ("query", "input_text", "#q", tea),
    ("search", "click_with_navigation", "#search-button"),
    ("found", "verify_text", "main", tea.capitalize()),
    ("cart", "click_with_navigation", f"#add-{tea}"),
    ("checkout", "click_with_navigation", "#checkout-link"),
    ("name", "input_text", "#name", "Canary"),
    ("email", "input_text", "#email", "canary@teapot.example"),
    ("card", "input_text", "#card-number", "$TEST_CARD"),
    ("expiry", "input_text", "#card-expiry", "12/30"),
    ("code", "input_text", "#card-cvc", "123"),
    ("pay", "click_with_navigation", "#buy"),
    ("thanks", "verify_text", "main", "Thank you"),
]
start = "    browser = webdriver.Chrome()\\n"
def till(steps):
    script = blueprints.script("workflow", STEPS=steps, WAIT_SECONDS=4)
    script = script.replace(start, start + "    browser.set_page_load_timeout(10)\\n")
    canary("till", script, TEST_CARD=ex.test_card, SHOP_PASSWORD=ex.password)
"""
)
BOTH = WORKFLOW + 'till(steps)\ncanary("orders", order)\nalarm("till")\nalarm("orders")\n'

#: (answer, part of the name of the one situation that is played; empty: all of them).
WITH_A_BROWSER = [
    (Answer("the whole way, and orders", 1, PASSED, ("8 of 8 faults seen",), BOTH), ""),
    (Answer("a heartbeat", 1, NOT_YET,
            ("nobody could pay", "18 pictures of a lovely page", "[picture:", "the last step"),
            HEAD + 'canary("home", blueprints.script("heartbeat"))\n'), "banner"),
    (Answer("a position", 1, NOT_YET,
            ("Tomas renames elements", "False alarm", "[picture: what differs]", "built anew"),
            WORKFLOW + """
till([("home", "navigate", ex.shop), ("offers", "verify_text", "main", "Tea"),
      ("cart", "click_with_navigation", ".cards > div:nth-child(1) button")])
"""), "renames"),
]  # fmt: skip
