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

/* Each row: a text, and the address in it. */
static void expect_each(const char *const (*rows)[2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect_address(rows[i][0], rows[i][1]);
}
#define EXPECT(...)                                                                                \
	do {                                                                                       \
		static const char *const rows[][2] = { __VA_ARGS__ };                              \
		expect_each(rows, GH_ARRAY_LEN(rows));                                             \
	} while (0)

static void a_town_behind_the_street_belongs_to_it(void **state)
{
	EXPECT({ "Ship it to 88 Quarry Lane, Port Ellis by Monday.", "88 Quarry Lane, Port Ellis" },
	       { "Deliver to 412 Heron Drive Port Ellis today", "412 Heron Drive Port Ellis" },
	       { "Billed to 9 Fern Court Apt. 31 Brightwater, as agreed",
	         "9 Fern Court Apt. 31 Brightwater" },
	       { "Er wohnt in der Mühlgasse 4, 04109 Bad Lausick und arbeitet dort",
	         "Mühlgasse 4, 04109 Bad Lausick" },
	       { "Vive en Calle Olmo 8, 50001 Cuarte de la Huerva desde enero",
	         "Calle Olmo 8, 50001 Cuarte de la Huerva" },
	       { "office: 17 Rue du Puits, 13100 Aix-en-Provence.",
	         "17 Rue du Puits, 13100 Aix-en-Provence" },
	       { "Woont op Kersenlaan 9, 3811 CK Alphen aan de Rijn sinds mei",
	         "Kersenlaan 9, 3811 CK Alphen aan de Rijn" });
}

static void a_town_keeps_its_brackets_and_its_country(void **state)
{
	EXPECT({ "Post an Gartenstraße 3, 06110 Halle (Saale) senden",
	         "Gartenstraße 3, 06110 Halle (Saale)" },
	       { "to 31 Olive Road, Kato Lefkara, Cyprus (South) 7711 please",
	         "31 Olive Road, Kato Lefkara, Cyprus (South) 7711" },
	       { "sent to 5 Weaver Street, Dunedin, New Zealand last week",
	         "5 Weaver Street, Dunedin, New Zealand" },
	       { "742 Maple Terrace, Elko, NV 89801 United States",
	         "742 Maple Terrace, Elko, NV 89801 United States" });
}

static void a_sentence_that_begins_is_no_part_of_the_address(void **state)
{
	EXPECT({ "I live at 75 Harbor Forks. Is it far?", "75 Harbor Forks" },
	       { "We were at 12 Oak Street, I think.", "12 Oak Street" },
	       { "Meet me at 12 Oak Street Monday at noon", "12 Oak Street" },
	       { "Ship to 742 Maple Terrace, Anna will pick it up.", "742 Maple Terrace" },
	       { "I moved from 12 Oak Street Anna helped me.", "12 Oak Street" },
	       { "Send 3 to 9 King Road and 4 boxes to us", "9 King Road" },
	       { "It is 12 Elm St. Please knock twice.", "12 Elm St" },
	       { "suite 14 at 28 Foxglove Dr, suite 14 by Friday", "28 Foxglove Dr, suite 14" });
}

static void a_line_of_something_else_ends_the_address(void **state)
{
	EXPECT(
	    { "44 Birch Road\nPhone: 555", "44 Birch Road" },
	    { "44 Birch Road\nMobile: none", "44 Birch Road" },
	    { "44 Birch Road\nThanks", "44 Birch Road" },
	    { "44 Birch Road\nFrost & Sons wrote again", "44 Birch Road" },
	    { "44 Birch Road\nSet the alarm before you go", "44 Birch Road" },
	    { "44 Birch Road\nSuite 6\nEastmere\nIreland",
	      "44 Birch Road\nSuite 6\nEastmere\nIreland" },
	    { "44 Birch Road\nEastmere\n, MB\n Canada", "44 Birch Road\nEastmere\n, MB\n Canada" });
}

static void postcodes_of_many_countries_belong(void **state)
{
	EXPECT({ "Rua das Pedras 25, 29900-120 Vila Velha",
	         "Rua das Pedras 25, 29900-120 Vila Velha" },
	       { "Rua do Norte 8, 1200-284 Lisboa", "Rua do Norte 8, 1200-284 Lisboa" },
	       { "ul. Lipowa 12, 99-300 Kutno", "ul. Lipowa 12, 99-300 Kutno" },
	       { "Björkvägen 7, 512 63 Hedaryd", "Björkvägen 7, 512 63 Hedaryd" },
	       { "3 Mill Lane, Navan, C15 X4N2", "3 Mill Lane, Navan, C15 X4N2" },
	       { "18 Temple Road, Vesu, 395 007", "18 Temple Road, Vesu, 395 007" },
	       { "11 Elm Avenue, Stoneham LD3 7BX", "11 Elm Avenue, Stoneham LD3 7BX" },
	       { "my zip code is 29900-120", "29900-120" });
}

static void a_unit_belongs_on_either_side_of_the_street(void **state)
{
	EXPECT({ "Ms. Frost, Apt. 14 62 Windmill Road\n", "Apt. 14 62 Windmill Road" },
	       { "suite 12, building 3, 4100 Foxglove Road",
	         "suite 12, building 3, 4100 Foxglove Road" },
	       { "at 63 Foxglove Drive, Suite D-2, Reno, NV 89501",
	         "63 Foxglove Drive, Suite D-2, Reno, NV 89501" },
	       { "at 81 Foxglove Road, 7th Floor, Reno", "81 Foxglove Road, 7th Floor, Reno" },
	       { "Rozenlaan 36 2 hoog, 1018 AB Vries", "Rozenlaan 36 2 hoog, 1018 AB Vries" },
	       { "Szilva utca 12.\nApt. 7\nEger", "Szilva utca 12.\nApt. 7\nEger" },
	       { "Tammikatu 59 A, 00100 Lahti", "Tammikatu 59 A, 00100 Lahti" });
}

static void a_corner_is_both_of_its_streets(void **state)
{
	EXPECT({ "My address is the corner of 35 Ivy Street and Weaver Lane.",
	         "the corner of 35 Ivy Street and Weaver Lane" },
	       { "a taxi to the corner of Birkenweg 18 and Kiln Harbor, please",
	         "the corner of Birkenweg 18 and Kiln Harbor" },
	       { "at the corner of 27 Sage Street and ten Oaks Pass.",
	         "the corner of 27 Sage Street and ten Oaks Pass" },
	       { "at the corner of Alder 26 and Rowan Greens",
	         "the corner of Alder 26 and Rowan Greens" },
	       { "Please return to Marlow and Birkenweg 23", "Marlow and Birkenweg 23" });
}

static void a_ship_stands_above_its_post_office(void **state)
{
	EXPECT({ "Mail goes to USNS Meridian\nFPO AP 96601\nPhone: 555",
	         "USNS Meridian\nFPO AP 96601" },
	       { "PSC 118, Box 46\nAPO AE 09107", "PSC 118, Box 46\nAPO AE 09107" });
}

static void boxes_and_routes_are_found_with_what_is_beside_them(void **state)
{
	EXPECT({ "dept 81 po box 4416 tulsa ok 74101", "dept 81 po box 4416 tulsa ok 74101" },
	       { "Drawer 7, PO Box 318, Salem, OR 97301", "Drawer 7, PO Box 318, Salem, OR 97301" },
	       { "rr 6 box 48 pinehill mo 65101", "rr 6 box 48 pinehill mo 65101" },
	       { "Highway Contract Route 4 Box 19", "Highway Contract Route 4 Box 19" },
	       { "Post Office Box 2216", "Post Office Box 2216" });
}

static void streets_named_after_somebody_are_found_whole(void **state)
{
	EXPECT({ "Wir treffen uns am Clara-Schumann-Platz 6, 51063 Köln",
	         "Clara-Schumann-Platz 6, 51063 Köln" },
	       { "Han bor i Karl Johans gate 31, Oslo", "Karl Johans gate 31, Oslo" },
	       { "Hij woont op de Jan van Galenstraat 12, Utrecht",
	         "Jan van Galenstraat 12, Utrecht" },
	       { "Jan van der Heydenstraat 3, Ede", "Jan van der Heydenstraat 3, Ede" },
	       { "Post aan Kerkstraat 3, Ede", "Kerkstraat 3, Ede" },
	       { "Hon bor på Östra Storgatan 4, Lund", "Östra Storgatan 4, Lund" },
	       { "Vive en C/ Mayor 5, 28013 Madrid", "C/ Mayor 5, 28013 Madrid" },
	       { "16 Passage du Bout-du-Monde, Paris", "16 Passage du Bout-du-Monde, Paris" });
}

static void a_street_without_a_number_may_say_so(void **state)
{
	EXPECT({ "Vive en Paseo Olmo s/n, 28013 Madrid", "Paseo Olmo s/n, 28013 Madrid" },
	       { "Vive en Paseo Olmo s/n. 3º C, Soria", "Paseo Olmo s/n. 3º C, Soria" },
	       { "Vive en Paseo Olmo s/n. Puerta 6", "Paseo Olmo s/n. Puerta 6" });
}

static void a_month_is_a_date_unless_a_street_is_named_after_it(void **state)
{
	EXPECT({ "at 14 Costa Mar Drive, Soria", "14 Costa Mar Drive, Soria" },
	       { "on 12 May Anna drives to Park Street", NULL });
}

static void small_letters_are_told_in_every_script(void **state)
{
	EXPECT({ "send it to 38 νίκης street apt. 9\nhollow, kz 41206",
	         "38 νίκης street apt. 9\nhollow, kz 41206" },
	       { "20 ships étaient là", NULL }, { "in 1947 šest lidí odešlo", NULL });
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
		"Revenue rose by 1,234 Dollars",
		"Smith et al. 2019 and Jones no. 5 agree",
		"the corner of the room has 3 chairs",
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
		cmocka_unit_test(a_town_behind_the_street_belongs_to_it),
		cmocka_unit_test(a_town_keeps_its_brackets_and_its_country),
		cmocka_unit_test(a_sentence_that_begins_is_no_part_of_the_address),
		cmocka_unit_test(a_line_of_something_else_ends_the_address),
		cmocka_unit_test(postcodes_of_many_countries_belong),
		cmocka_unit_test(a_unit_belongs_on_either_side_of_the_street),
		cmocka_unit_test(a_corner_is_both_of_its_streets),
		cmocka_unit_test(a_ship_stands_above_its_post_office),
		cmocka_unit_test(boxes_and_routes_are_found_with_what_is_beside_them),
		cmocka_unit_test(streets_named_after_somebody_are_found_whole),
		cmocka_unit_test(a_street_without_a_number_may_say_so),
		cmocka_unit_test(a_month_is_a_date_unless_a_street_is_named_after_it),
		cmocka_unit_test(small_letters_are_told_in_every_script),
		cmocka_unit_test(what_is_no_address_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
