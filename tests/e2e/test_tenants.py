"""Gate 3 seen from outside and from inside the database: a tenant's key reaches its own rows only, and
what belongs to another is not told apart from what does not exist."""
import re
import uuid

import pytest

from harness import assert_problem, wait_until

TENANT_TABLES = ("tenant", "api_key", "pii_mode", "pii_vault", "audit_event", "exchange")


@pytest.fixture(scope="module")
def both(gateway):
    """Each tenant has had a request with personal data, so that every table has rows to leak."""
    answers = {tenant.name: gateway.chat("mail me at jean.valjean@example.org", key=tenant.api_key)
               for tenant in (gateway.acme, gateway.globex)}
    assert all(answer.status == 200 for answer in answers.values()), answers
    for answer in answers.values():
        wait_until(lambda answer=answer: len(gateway.events_of(answer.request_id)) >= 2, what="events")
    return answers


def keys_of(gateway, tenant):
    answer = gateway.request("GET", "/v1/keys", key=tenant.api_key)
    assert answer.status == 200, answer
    return answer.body.decode()


def test_a_tenant_lists_its_own_keys_only(gateway, both):
    assert gateway.acme.key_id in keys_of(gateway, gateway.acme)
    assert gateway.globex.key_id not in keys_of(gateway, gateway.acme)
    assert gateway.acme.key_id not in keys_of(gateway, gateway.globex)


def test_another_tenants_key_cannot_be_told_from_one_that_does_not_exist(gateway):
    foreign = gateway.request("DELETE", f"/v1/keys/{gateway.globex.key_id}", key=gateway.acme.api_key)
    absent = gateway.request("DELETE", "/v1/keys/zzzzzzzz", key=gateway.acme.api_key)
    assert_problem(foreign, 404)
    assert_problem(absent, 404)
    volatile = ("request_id", "instance")
    assert {k: v for k, v in foreign.json().items() if k not in volatile} == \
           {k: v for k, v in absent.json().items() if k not in volatile}
    assert gateway.chat("still there", key=gateway.globex.api_key).status == 200


def test_every_event_belongs_to_the_tenant_that_caused_it(gateway, both):
    for tenant in (gateway.acme, gateway.globex):
        row = gateway.sql(f"SELECT DISTINCT tenant_id FROM gatehouse.audit_event WHERE request_id = '{both[tenant.name].request_id}'")
        assert row == tenant.id


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_the_application_role_without_a_claim_sees_zero_rows(table, gateway, both):
    assert int(gateway.sql(f"SELECT count(*) FROM gatehouse.{table}")) > 0, "nothing to leak: the test would prove nothing"
    column = "tenant_id"
    assert gateway.sql(f"SELECT count({column}) FROM gatehouse.{table}", role="gatehouse_app") == "0"


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_a_claim_set_by_sql_is_refused_or_changes_nothing(table, gateway, both):
    forged = ('{"tenant_id":"%s"}' % gateway.acme.id).replace("'", "")
    try:
        count = gateway.sql(f"SET request.jwt.claims = '{forged}'; SELECT count(tenant_id) FROM gatehouse.{table};",
                            role="gatehouse_app")
    except AssertionError as error:
        assert re.search(r"permission denied|cannot|must|protected", str(error)), error
        return
    assert count == "0"


def test_every_tenant_table_forces_row_security(gateway):
    open_tables = gateway.sql("""
        SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE n.nspname = 'gatehouse' AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)""")
    assert open_tables == ""


def test_the_gateways_roles_can_bypass_nothing(gateway):
    strong = gateway.sql("""SELECT rolname FROM pg_roles WHERE rolname IN ('gatehouse_app', 'gatehouse_identity', 'gatehouse_log')
                            AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)""")
    assert strong == ""
    owned = gateway.sql("""SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                           WHERE n.nspname = 'gatehouse' AND c.relkind IN ('r', 'p')
                           AND pg_get_userbyid(c.relowner) IN ('gatehouse_app', 'gatehouse_identity', 'gatehouse_log')""")
    assert owned == ""


def test_prompts_and_outputs_are_stored_sealed(gateway):
    word = "Zanzibar" + uuid.uuid4().hex[:8]
    answer = gateway.chat(f"tell me about {word}")
    wait_until(lambda: gateway.sql(f"SELECT count(*) FROM gatehouse.exchange WHERE request_id = '{answer.request_id}'") == "2",
               what="prompt and output rows")
    assert gateway.sql(f"SELECT count(*) FROM gatehouse.exchange WHERE position(convert_to('{word}', 'UTF8') IN box) > 0") == "0"
    assert gateway.sql(f"SELECT count(*) FROM gatehouse.audit_event WHERE position(convert_to('{word}', 'UTF8') IN box) > 0") == "0"


def make_key(gateway, key, **members):
    return gateway.request("POST", "/v1/keys", {"name": "made", "capabilities": ["models.read"], **members}, key=key)


def test_a_key_has_its_creators_role_unless_the_creator_may_assign_roles(gateway):
    admin = gateway.acme.api_key
    assert make_key(gateway, admin).json()["role"] == "admin"
    made = make_key(gateway, admin, role="security-admin", capabilities=["keys.manage", "models.read"])
    assert (made.status, made.json()["role"]) == (201, "security-admin")
    other = made.json()["api_key"]
    assert make_key(gateway, other).json()["role"] == "security-admin"
    assert_problem(make_key(gateway, other, role="admin"), 403)
    assert make_key(gateway, other, role="security-admin").status == 201


@pytest.mark.parametrize("role", ["", "Admin", "a" * 65, "9lives", "a b", "é", 7])
def test_a_role_that_is_no_name_is_refused(gateway, role):
    assert_problem(make_key(gateway, gateway.acme.api_key, role=role), 400)
