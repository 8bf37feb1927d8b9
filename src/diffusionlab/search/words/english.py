"""English words in a question about runs that are no words of its grammar.

A word of HARMLESS never changes what is asked, so it may be passed over in silence. A word of WEIGHTY often does: a
rule uses it, or the answer names it as not understood. A word of COMMON is named likewise, unless the text of some
run has it: then it is looked for.
"""

from __future__ import annotations

from functools import cache

HARMLESS: dict[str, str] = {
    "articles and pronouns": (
        "a an the this that it its their them they there here i me my mine we us our you your he she who whom "
        "whose themselves itself himself herself myself yourself yourselves someone somebody anyone anybody people "
        "person one ones there's here's"
    ),
    "auxiliary verbs": (
        "is are was were be been being am do does did done doing has have had having will would can could shall "
        "should might must may able"
    ),
    "prepositions": (
        "of in on at to for with from into onto upon unto toward towards as via through inside amongst "
        "among across along w wth frm"
    ),
    "question words": ("which what whats what's who's how why where when where's how's so then if whether because"),
    "asking": (
        "please show list find give get tell display print fetch return retrieve search look looking see view want "
        "wanted need wish wants want's let lets let's help know known knew wonder wondering curious remember "
        "recall think thought believe guess interested interesting check say says said saying talk talks question "
        "answer ask asking summarize summarise overview summary info information details detail pick picks choose "
        "chose chosen select selected selecting filter filtered filtering returned query describe describes "
        "described describing refer refers mention mentions mentioning mentioned called named labelled labeled "
        "marked"
    ),
    "courtesy": ("hello hi hey thanks thank ok okay well oh hmm kindly yes"),
    "what runs do": (
        "conduct conducted conducting carried execute executed executing evaluate evaluated side sides train "
        "trained training trains use used uses using utilize utilizes utilizing utilise utilising employ employed "
        "employs employing make makes made making run ran build built building based contain contains containing "
        "include includes including included involve involves involving feature features featuring featured belong "
        "belongs belonging exist exists existing available go goes going went come comes came take takes took "
        "taken taking reach reached reaches reaching achieve achieved achieves achieving gets got gotten getting "
        "obtain obtained obtaining scored scoring work works worked working perform performs performed performing "
        "apply applied applying became become becomes becoming turned turn turns seem seems looked looks appear fit "
        "account accounts fitted fits appears keep keeps kept put puts held hold yield yields yielded give gives gave "
        "lead leads led tries tried try trying attempt rely relies relied relying save saved stored store storing "
        "record recorded records considering considered given related relevant matching match matches matched "
        "satisfy satisfies satisfying meet meets meeting fulfil fulfill fulfilling come-from originate has-been "
        "seen condition-met saw sees"
    ),
    "what runs have": (
        "thing things stuff something anything everything whatever type types kind kinds sort sorts version "
        "versions neural deep machine-learning network networks layer layers block blocks module modules mechanism "
        "mechanisms component components generative image images picture pictures generate generates generating "
        "generated generation produce produces produced producing sample samples sampling score scores value "
        "values valued number numbers figure figures level levels amount setting settings set sets sized "
        "performance criteria registry database lab project catalog catalogue history case cases instance "
        "instances example examples run's id ids identifier identifiers file files way ways space denoising "
        "denoise denoiser reason reasons res respect learning style"
    ),
    "adverbs": (
        "right immediately directly "
        "also too even just only actually simply basically quite really very now currently presently "
        "anyhow overall perhaps maybe possibly possible probably whatsoever already so-far ever still "
        "so somewhere anywhere everywhere nicely inclusive inclusively own out up finally lastly"
    ),
    "any number of them": ("any all some entire whole several various particular certain specific"),
    "pieces of words": ("'s s t re ve d ll m nr # didn doesn don isn aren wasn hasn e.g i.e etc"),
}
"""What the words are -> the words."""

WEIGHTY = """
above accordingly again against ago alone although always and another back bad below better between big
bigger both but common completely corresponding day days different distinct down due during each earlier early
either else end ended ends every family far fast few fewer fine follow followed following follows fully good great
greater half happen happened happening happens high higher however huge large larger late later left less like
little long lot lots low lower mainly many mean means month months more most mostly much narrow needed neither never
new newer next nice no no. nobody nor not off often old older once or other over part partly parts past per poor
previous previously purely quality quarter rarely rather recently respective respectively rest same shallow
short since size slow small smaller sooner start starts
starting ending begin begins beginning strong subset such than these third those though till time
times tiny together total typical under until usually variant variants weak week weeks wide win wins within without
won worse year years yet younger
"""

SIZES = "small tiny big large huge little short long fast slow new old early late shallow wide narrow many few"
VAGUE = (
    f"{SIZES} high low good great nice fine bad poor "
    "strong weak much lot lots quality realistic photorealistic sharp blurry beautiful "
    "convincing decent promising"
)
"""Of WEIGHTY and COMMON: those that say how much without a number."""

COMMON = """
carried coded conduct conducted conducting programmed wrote execute executed executing strictly solely merely
able accept acceptable access across actually add afraid afternoon agree allow almost alone altogether amazing anymore
apart appropriate around arrive assistant away awesome awful bad basic bear beforehand best-known bit bot bring broad
buddy bye call calm care careful carry cause certainly chance change clean clear clearly close collectively common
complete computer concern consider continue contrary cool correct cover crazy cross curious cut dare deal dear decent
decide definitely depend design develop difficult direct discover double doubt dream drop during eager earn easy
effect effort else enjoy enough entirely especially essentially evaluate evaluated evaluation evening event everybody
evidence excellent exciting expect experience explain express extra extremely face fact fair fancy favor favorite
favour favourite feel fill finally fit focus folks force forget form forward free frequently fresh friend fun further
future gather general generally glad grab guess guy guys handle hang happy hard hardly hear heavy helpful hitherto
hold honest hope hopefully horrible hot huge idea ideal identify imagine immediately impact important impressive
improve increase indeed individually inspect instead intend interest introduce issue job join judge keen kinda knowing
lead learn learned leave likely limit line listing literally live locate lose love machine-like main manage manner
mark maybe mediocre mind minor miss mistake moment morning mostly move multiple narrow natural nature necessary never
nicely nobody normal notable noticed obviously occasionally occur offer often open opinion ordinary original otherwise
outcome output outstanding own pal paper particularly pass passable pay perfect period piece place plain plan play
please plenty pls plz point poor popular position potential prefer present press pretty previous previously primarily
prior problem process promising proper provide pull purpose push quick quickly random range rather reason reasonable
receive reduce regular regularly relevantly remain remaining remarkable remind remove replace reply report request
require research reset respect respective rest result reveal review rid rough round safe scan scope separately serious
serve shape share sharp side significant simple simultaneously since single sit slightly slow small smart soon sorry
special specially spend spot stand standard stay stellar step strange strong stuck succeed suggest suit suitable
super superb support suppose sure surely surprise surprising target team tend term terrible test tested theory thereby
thereof throw thx tiny together tomorrow tonight top total touch tough track treat trick true trust truth turn typical
typically understand unusual urgent usual usually various verify versus wait walk watch weird welcome whole wide wild
win wise wonderful word worth worthy write wrong yeah yes zero
"""

SLIPS = {
    **dict.fromkeys(("wich", "whcih", "whihc", "whch", "wihch", "whitch"), "which"),
    **dict.fromkeys(("mny", "mnay", "mayn"), "many"),
    **dict.fromkeys(("rns", "rusn", "runns"), "runs"),
    **{"teh": "the", "hte": "the", "adn": "and", "nad": "and", "hwo": "how", "waht": "what", "wat": "what"},
    **{"wiht": "with", "ahve": "have", "hvae": "have", "fo": "of", "frmo": "from", "fro": "from"},
}
"""Small words as fingers slip on them, too short to be repaired by edits -> what is meant."""


@cache
def harmless() -> frozenset[str]:
    return frozenset(word for words in HARMLESS.values() for word in words.split())


def is_harmless(words: str) -> bool:
    """Whether words, in small letters, are harmless as they are, without underscores, or up to an apostrophe."""
    return bool({words, words.replace("_", ""), words.partition("'")[0]} & harmless())


@cache
def weighty() -> frozenset[str]:
    return frozenset(WEIGHTY.split())


@cache
def sizes() -> frozenset[str]:
    """Those of them that no figure of quality tells."""
    return frozenset(SIZES.split())


@cache
def vague() -> frozenset[str]:
    return frozenset(VAGUE.split())


@cache
def filler() -> frozenset[str]:
    """Words that are never repaired and never looked for in a text."""
    return harmless() | weighty()


@cache
def common() -> frozenset[str]:
    """Words that are looked for only in texts that have them."""
    return frozenset(COMMON.split()) | vague()
