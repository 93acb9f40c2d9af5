"""Words whose part beside a name is known by heart, in the seven languages of the training text."""

TITLE = """mr mrs ms miss mx dr prof professor doctor sir madam lady lord dame herr frau señor señora señorita sr sra
srta don doña dña dn monsieur madame mademoiselle mme mlle mgr signor signora signorina signore sig dott dottssa
dottoressa dottor senhor senhora dra mevrouw meneer mevr dhr mw rev reverend father sister brother capt captain col
colonel lt lieutenant sgt sergeant gen general maj major cpl judge justice senator sen rep gov governor president
minister chancellor pope king queen prince princess count countess duke duchess baron baroness emperor saint st aunt
uncle auntie grandma grandpa granny nurse detective inspector officer coach chef ing dipl mag tante onkel oncle tía tío
zia zio oom tía tio tia avocat maître""".split()

INTRO = """name named names namens dear hi hello hey nombre nom nome naam vorname nachname surname firstname lastname fullname
heiße heisse heißt heisst llamo llama appelle appelles chiamo chiama chamo chama heet heten signed sincerely regards
attn patient employee customer client applicant tenant landlord guarantor beneficiary cardholder holder buyer seller
contact sender recipient assignee reporter author owner manager supervisor director spouse wife husband daughter son
colleague friend boss cousin nephew niece called cc bcc hallo liebe lieber hola estimado estimada querido querida cher
chère bonjour ciao caro cara gentile olá prezado prezada caro beste geachte kunde kundin cliente client klant paciente
patiente patientin paziente unterzeichnet firmado signé firmato assinado getekend madame regards cheers greetings apellido apellidos cognome prénom prenom sobrenome apelido achternaam
voornaam familienname mitarbeiter mitarbeiterin ansprechpartner empleado empleada employé employée dipendente medewerker
auteur autor autore verfasser titular titolare nazwisko imię efternamn förnamn fornavn etternavn""".split()

PARTICLE = """van von vom zu zum zur der den de del della dello delle degli dei di da das do dos du des la le les lo el al bin ibn
bint ben abu umm ter ten te op af av y e i mac mc o d l san santa santo st ap fitz und bar""".split()

ORG = """inc incorporated ltd limited llc llp lp plc corp corporation co company companies gmbh ag kg kgaa ohg mbh se sa sas sarl
eurl srl spa snc bv nv vof oy ab as asa aps pty pte sl slu ltda cia university universität université universidad
università universidade universiteit college school academy institute institut instituto istituto hospital klinik clinic
clinique clínica bank banque banco banca group holding holdings ministry department council association foundation
stiftung trust fund committee commission agency bureau office party club fc united city records studios studio pictures
airlines airways motors technologies technology tech systems solutions services software labs laboratories partners
associates consulting ventures capital insurance energy pharma pharmaceuticals foods logistics media news times post
journal press church society museum orchestra band union federation league army navy police court brothers sons bros
industries enterprises international global""".split()

STREET = """street st road rd avenue ave av boulevard blvd lane ln drive dr court ct circle cir place pl way terrace ter parkway
pkwy highway hwy route square sq trail trl crescent close gardens grove mews quay alley row walk bridge station apt suite
unit floor straße strasse str weg allee platz gasse ufer rue avenue quai chemin impasse cours calle avenida plaza paseo
camino carretera via viale piazza corso vicolo rua travessa praça estrada alameda straat laan plein gracht kade dreef
singel park airport stadium bridge mount mountain lake river beach bay island islands valley hill hills county creek
ridge harbor harbour port fort cape forest heights""".split()

CALENDAR = """january february march april may june july august september october november december jan feb mar apr jun jul aug
sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
christmas easter thanksgiving halloween hanukkah ramadan diwali english french german spanish italian portuguese dutch
chinese japanese korean russian arabic hindi greek latin polish swedish danish norwegian finnish turkish hebrew
american british european african asian canadian australian mexican brazilian indian irish scottish welsh israeli
iranian iraqi egyptian christian catholic protestant muslim islamic jewish buddhist hindu republican democrat
democratic conservative labour liberal google microsoft amazon apple facebook twitter netflix youtube instagram
whatsapp linkedin github gitlab slack zoom excel word windows linux ubuntu debian android iphone ipad python java
javascript typescript kubernetes docker postgres postgresql mysql mongodb redis kafka react angular node nodejs django
flask spring aws azure gcp api apis json xml yaml csv html css sql http https url urls uuid id ids pdf ssh tls ssl vpn
cpu gpu ram usb ceo cto cfo hr it pr qa ui ux ai ml llm gpt chatgpt openai claude anthropic gemini rest graphql oauth
jwt saml sso gdpr hipaa iso faq asap fyi eta rsvp lol omg wtf btw tbh imo montag dienstag mittwoch donnerstag freitag
samstag sonntag januar februar märz juni juli oktober dezember null true false none todo fixme note warning error info
debug tcp udp dns nginx apache""".split()

# Function words beyond English that would be names in lower case otherwise.
STOP = """der die das den dem des ein eine einer und oder aber ist sind war mit von zu auf für nicht sich auch ich du er sie es
wir ihr bitte danke dass wie als bei nach aus um le la les un une des et ou mais est sont avec pour dans sur pas que qui
ne ce il elle nous vous mon ma mes votre el los las una unos y o pero es son con por para en no se mi tu su lo al del il
lo gli uno ed ma sono che non per nel della dello mio tuo suo os um uma e mas com para em não meu seu na no nos nas de het
een en of maar zijn met voor op niet ik je hij zij wij jullie mijn uw dit dat deze die te ja nein oui sí si sim nee nada
bien gut bon bom goed merci gracias grazie obrigado dank hallo hola bonjour ciao ola mai ora vita vida luna sol mar rosa
alma luz paz flor era dia per sul dal mia tua sua via casa come dove quando dan kan man wil wel hun haar hem ons onze was
worden werd heeft hebben had door over aan bij naar om uit dan nog al alle ihm ihn ihnen mir mich dir dich uns euch kein
keine mein dein sein ihre unser hat haben wird werden kann muss soll will am im zum zur vom beim hier da dort jetzt nur
noch schon sehr mehr ans ins ton son sa ses leur leurs notre nos cette ces au aux du ni si tout tous toute fait faire
être avoir ai as a ont été était plus sans sous entre chez este esta estos estas ese esa eso muy más ya sin sobre entre
hasta desde donde cuando como porque ser estar fue hay han he has hemos ora già più anche solo questo questa questi
ancora sempre dopo prima essere avere ha hanno ho hai abbiamo muito mais já sem sobre até desde onde quando como porque
ser estar foi há tem têm tenho isso este esta esse essa ele ela eles elas nós você vocês""".split()
