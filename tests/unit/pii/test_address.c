/* Postal addresses by country and form: found whole, and not found where there is none. */
#include "pii_rig.h"

static void expect_address(const char *text, const char *address)
{
	struct gh_pii_matches matches = { 0 };
	bool found = false;

	assert_ok(gh_pii_scan(gh_slice_str(text), NULL, &matches));
	for (size_t i = 0; i < matches.count; i++) {
		const struct gh_pii_match *m = &matches.items[i];
		if (m->class != GH_PII_ADDRESS)
			continue;
		if (!address)
			fail_msg("%s: found %.*s", text, (int)(m->end - m->start), text + m->start);
		found = found || (m->end - m->start == strlen(address) &&
		                  memcmp(text + m->start, address, strlen(address)) == 0);
	}
	if (address && !found)
		fail_msg("%s: not found: %s", text, address);
	gh_pii_matches_free(&matches);
}

static void addresses_are_found_whole(void **state)
{
	static const char *const rows[][2] = {
		{ "Ship to 1600 Harbor View Parkway, please", "1600 Harbor View Parkway" },
		{ "I live at 742 Maple Terrace, Springfield, IL 62704.",
		  "742 Maple Terrace, Springfield, IL 62704" },
		{ "send it to 12 N Oak St Apt 4B, Reno, NV 89501-1234 today",
		  "12 N Oak St Apt 4B, Reno, NV 89501-1234" },
		{ "2610 cedar drive w west palm beach fl 33415",
		  "2610 cedar drive w west palm beach fl 33415" },
		{ "mail: P.O. Box 52, Austin, TX 78701", "P.O. Box 52, Austin, TX 78701" },
		{ "12 1/2 Davis Street", "12 1/2 Davis Street" },
		{ "W120N9330 Oak Rd, Jackson, WI 53037", "W120N9330 Oak Rd, Jackson, WI 53037" },
		{ "Unit 4021 Box 77\nDPO AE 09498", "Unit 4021 Box 77\nDPO AE 09498" },
		{ "flat at 221B Baker Street, London", "221B Baker Street, London" },
		{ "office: 10 Downing Street, London SW1A 2AA",
		  "10 Downing Street, London SW1A 2AA" },
		{ "Ich wohne in der Hauptstraße 5, 10115 Berlin.", "Hauptstraße 5, 10115 Berlin" },
		{ "Meet me at Moltkestr. 2, 46161 Neustadt", "Moltkestr. 2, 46161 Neustadt" },
		{ "Weinhäuser Str. 122, 52493 Rheine", "Weinhäuser Str. 122, 52493 Rheine" },
		{ "Il habite 12 rue de la Paix, 75002 Paris", "12 rue de la Paix, 75002 Paris" },
		{ "Vive en Calle Mayor 7, 28013 Madrid", "Calle Mayor 7, 28013 Madrid" },
		{ "Abita in Via Garibaldi 41, 20121 Milano", "Via Garibaldi 41, 20121 Milano" },
		{ "Hij woont op Lindenstraat 12, 2611 AB Delft", "Lindenstraat 12, 2611 AB Delft" },
		{ "Mora na Rua das Flores 25, Porto", "Rua das Flores 25, Porto" },
		{ "My zip code is 60614", "60614" },
		{ "Ship to 1600 Harbor View Apt. 88.\nVersion 10 is out",
		  "1600 Harbor View Apt. 88" },
		{ "my 14-year-old daughter at 742 Maple Terrace, Reno, NV 89501",
		  "742 Maple Terrace, Reno, NV 89501" },
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(rows); i++)
		expect_address(rows[i][0], rows[i][1]);
}

static void what_is_no_address_is_left_alone(void **state)
{
	static const char *const texts[] = {
		"On 12 March 2024 we met at noon.",
		"It is a 5 minute drive, a 10 minute walk and a 2 way street.",
		"version 2.4.1 of Main Street Library",
		"The 9f8a-4e14-ad48 build failed in 3 places.",
		"for (int i = 0; i < 16 && Road[i]; i++)",
		"coming 1st place in the 400 m today",
		"$1200 Park Avenue bonds",
		"100644 blob, 33 Commits, 4 Contributors",
		"He scored 3 Points in 24 Hours.",
		"ratio 16:9 Wide Screen",
		"Trace af2989ec-8705-4786-abe8-7f3f10c4d73f took 4512 milliseconds",
	};
	for (size_t i = 0; i < GH_ARRAY_LEN(texts); i++)
		expect_address(texts[i], NULL);
}

/* Found by fuzzing: the last word that was read may end beyond the window, at the end of the text,
 * and the byte behind it was looked at. Every length, in memory of exactly that size. */
static void nothing_behind_the_text_is_read(void **state)
{
	static const char words[] = "12 Main Street Apt 4 Springfield IL 62704 Northampton ";

	for (size_t len = 1; len < 330; len++) {
		struct gh_pii_matches matches = { 0 };
		char *text = malloc(len);
		assert_non_null(text);
		for (size_t i = 0; i < len; i++)
			text[i] = i < 200 ? words[i % (sizeof words - 1)] : 'x';
		assert_ok(gh_pii_scan(gh_slice(text, len), NULL, &matches));
		gh_pii_matches_free(&matches);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_behind_the_text_is_read),
		cmocka_unit_test(addresses_are_found_whole),
		cmocka_unit_test(what_is_no_address_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
