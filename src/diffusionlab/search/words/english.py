"""English words that carry no condition in a question about runs."""

from __future__ import annotations

from functools import cache

FILLER = """
w inclusive inclusively
a an the this that these those it its their they them there here i me my mine we us our you your he she who whom is
are was were be been being am do does did done doing has have had having will would can could shall should might must
of in on at to for with from by about into onto over as than then so if when where which what whats what's who's whose
why how please show list find give get tell display print fetch return retrieve search look looking see view want
wanted need like wish let lets let's help any all every each some such same other another whole entire only just also
too even ever still yet already currently now presently anyhow really actually exactly simply basically quite rather
very much many more most less few lot lots several various different distinct particular certain specific train trained
training trains used use uses using utilize utilizes utilizing utilise utilising employ employed employs employing
make makes made making run ran build built building based contain contains containing include includes including
included involve involves involving feature features featuring featured belong belongs belonging has-been thing things
stuff something anything everything whatever anyone someone exist exists existing available diffusion denoising
denoise generative image images picture pictures generate generates generating generated generation produce produces
produced producing sample samples sampling neural deep learning machine-learning network networks layers layer block
blocks module modules mechanism mechanisms component components type types kind kinds style sort sorts version
versions variant variants family subset mention mentions mentioning mentioned describe describes described describing
refer refers say says said talk talks called named labelled labeled marked known seen went go goes going come comes
came take takes took taken taking reach reached reaches reaching achieve achieved achieves achieving gets got gotten
getting obtain obtained obtaining score scores scored scoring value values valued number numbers figure figures level
levels amount setting settings set sets size sized work works worked working perform performs performed performing
performance quality hello hi hey thanks thank ok okay well oh hmm kindly question answer ask asking know knew wonder
wondering curious remember recall think thought believe guess interested interesting check overview summary summarize
summarise information info details detail regarding concerning related relevant matching match matches matched satisfy
satisfies satisfying meet meets meeting fulfil fulfill fulfilling criteria condition-met query registry database lab
project catalog catalogue history past far recently ago time times day days week weeks month months year years during
within since until till because due ended end ends start starts so-far anywhere somewhere everywhere overall total
altogether both either neither whether or and but nor not no yes else though although however good great nice fine
better out up down off again once back own via per through between among amongst inside across against along around
left right next follow follows following followed above below under one ones no. nr # 's s t re ve d ll m themselves
itself himself herself myself yourself yourselves became become becomes becoming turned turn turns seem seems looked
looks appear appears pick picks choose chose chosen select selected selecting filter filtered filtering returned apply
applied applying run's given considering case cases instance instances example examples experiment-wise people person
anybody nobody held keep keeps kept put puts long large big small high low short fast slow old new early late little
tiny huge way ways means mean part parts rest hasn whatsoever possible possibly perhaps maybe probably didn doesn don
isn aren wasn save saved stored store storing record recorded records come-from originate completely fully partly
mostly mainly purely used-to usable finally lastly happened happen happens happening able may gives gave yield yields
yielded lead leads led win wins won older newer later earlier younger sooner lower higher smaller bigger larger fewer
worse greater corresponding respective respectively accordingly there's here's where's how's upon unto toward towards
without needed res wth frm rely relies relied relying file files want's tries tried try trying attempt
id ids identifier identifiers
"""
"""Always passed over, never repaired, never looked for in a text."""

COMMON = """
carried conduct conducted conducting execute executed executing strictly solely merely
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
special specially spend spot stand standard stay stellar step strange strong stuck study succeed suggest suit suitable
super superb support suppose sure surely surprise surprising target team tend term terrible test tested theory thereby
thereof throw thx tiny together tomorrow tonight top total touch tough track treat trick true trust truth turn typical
typically understand unusual urgent usual usually various verify versus wait walk watch weird welcome whole wide wild
win wise wonderful word worth worthy write wrong yeah yes zero
"""
"""Passed over where no run's text has them: "promising" is a condition once a description says it."""


@cache
def filler() -> frozenset[str]:
    """The words of FILLER."""
    return frozenset(FILLER.split())


@cache
def common() -> frozenset[str]:
    """The words of COMMON."""
    return frozenset(COMMON.split())
