"""Labelled questions: `question | criterion` and, for an order, `| sort key | how many`.

A criterion is Python over one run, in the names of `fixture_runs`: T(facet), ds, bs, lr, opt, hw, c and m
(created and modified day), wd and mwd (their weekdays, Monday is 0), hr (created hour), at (created minute),
fid, vl, ep, st, params, sch, pred, img, n, txt, fw, arch.
A sort key with "-" before it is descending. Rows that lack it are left out, ties go by run id.
"""

from __future__ import annotations

from tests.search.fixture_runs import RUNS

FILTERS = """
# facets, synonyms, plural forms
all U-Nets | T('unet')
Show me every model with a U-Net backbone, please. | T('unet')
convolutional networks | T('cnn')
ConvNets | T('cnn')
which experiments used a transformer? | T('transformer')
vision transformers | T('transformer')
DiTs | T('dit')
diffusion transformers | T('dit')
models using self-attention | T('attention')
which runs have attention layers | T('attention')
linear attention | T('linear_attention')
runs with linear self-attention blocks | T('linear_attention')
full attention models | T('attention') and not T('linear_attention')
class-conditional models | T('conditional')
class conditioned networks | T('conditional')
anything conditioned on labels | T('conditional')
models trained with classifier free guidance | T('cfg')
CFG runs | T('cfg')
guided models | T('cfg')
latent diffusion models | T('latent')
LDMs | T('latent')
what have I trained in latent space? | T('latent')
autoencoders | T('autoencoder')
models with an auto-encoder | T('autoencoder')
MLPs | T('mlp')
fully connected denoisers | T('mlp')
resnets | T('resnet')
# negations
unets without attention | T('unet') and not T('attention')
models without attention | not T('attention')
non-conditional unets | T('unet') and not T('conditional')
unconditional models | not T('conditional')
unconditional diffusion on CIFAR-10 | ds=='CIFAR-10' and not T('conditional')
not latent | not T('latent')
pixel-space models on CIFAR-10 | ds=='CIFAR-10' and not T('latent')
attention-free unets | T('unet') and not T('attention')
everything other than MNIST | ds!='MNIST'
runs that are not on MNIST or Fashion-MNIST | ds not in ('MNIST','Fashion-MNIST')
all datasets except CIFAR-10 | ds!='CIFAR-10'
unets except those on CIFAR-10 | T('unet') and ds!='CIFAR-10'
neither attention nor conditional | not T('attention') and not T('conditional')
models with neither attention nor latent | not T('attention') and not T('latent')
models that don't use convolutions | not T('cnn')
models that do not use Adam | opt!='Adam'
runs without AdamW or Adam | opt not in ('Adam','AdamW')
transformers that aren't conditional | T('transformer') and not T('conditional')
unet but not latent, on Fashion-MNIST | T('unet') and not T('latent') and ds=='Fashion-MNIST'
no attention, on MNIST | not T('attention') and ds=='MNIST'
conditional models excluding Fashion-MNIST | T('conditional') and ds!='Fashion-MNIST'
runs not on a GPU | hw=='CPU'
any optimizer but AdamW | opt!='AdamW'
MNIST but not Fashion-MNIST | ds=='MNIST'
not finished | st!='finished'
unets that did not finish | T('unet') and st!='finished'
non-CNN models | not T('cnn')
Fashion-MNIST runs without a unet | ds=='Fashion-MNIST' and not T('unet')
# or, and, lists
MNIST or CIFAR-10 | ds in ('MNIST','CIFAR-10')
runs on MNIST and CIFAR-10 | ds in ('MNIST','CIFAR-10')
MNIST, STL-10 and CelebA | ds in ('MNIST','STL-10','CelebA')
Adam and AdamW runs | opt in ('Adam','AdamW')
SGD, RMSprop or Lion | opt in ('SGD','RMSprop','Lion')
unet and conditional | T('unet') and T('conditional')
conditional latent unets | T('conditional') and T('latent') and T('unet')
mlp or transformer | T('mlp') or T('transformer')
latent or conditional models on Fashion-MNIST | (T('latent') or T('conditional')) and ds=='Fashion-MNIST'
either a DiT or an MLP | T('dit') or T('mlp')
unets on MNIST and transformers on CIFAR-10 | (T('unet') and ds=='MNIST') or (T('transformer') and ds=='CIFAR-10')
unet on MNIST or dit on CIFAR-10 | (T('unet') and ds=='MNIST') or (T('dit') and ds=='CIFAR-10')
failed or crashed runs | st in ('failed','crashed')
cosine or karras schedule | sch in ('cosine','karras')
A100 or H100 | 'A100' in hw or 'H100' in hw
lr below 1e-4 or batch size over 512 | lr<1e-4 or bs>512
both unet and attention on CIFAR-10 | T('unet') and T('attention') and ds=='CIFAR-10'
# datasets
cat/dog runs | ds=='CIFAR-10 cat/dog'
cats and dogs | ds=='CIFAR-10 cat/dog'
which models were trained on cats vs dogs? | ds=='CIFAR-10 cat/dog'
catdog | ds=='CIFAR-10 cat/dog'
the cat-dog subset of CIFAR-10 | ds=='CIFAR-10 cat/dog'
fashion mnist | ds=='Fashion-MNIST'
FashionMNIST experiments | ds=='Fashion-MNIST'
fmnist runs | ds=='Fashion-MNIST'
models for fashion | ds=='Fashion-MNIST'
experiments with clothing | ds=='Fashion-MNIST'
runs on cifar | ds=='CIFAR-10'
cifar10 | ds=='CIFAR-10'
dataset=mnist | ds=='MNIST'
dataset: CelebA | ds=='CelebA'
celeb-a models | ds=='CelebA'
which models generate faces? | ds=='CelebA'
stl10 | ds=='STL-10'
handwritten digits | ds=='MNIST'
# dates
created in March 2025 | c[:7]=='2025-03'
runs from April | c[:7]=='2025-04'
Apr 2025 | c[:7]=='2025-04'
november 2024 | c[:7]=='2024-11'
runs from November | c[:7]=='2024-11'
since March 2025 | c>='2025-03-01'
after 1 May 2025 | c>'2025-05-01'
trained before 2025 | c<'2025'
until the end of January | c<='2025-01-31'
before February 3rd, 2025 | c<'2025-02-03'
on April 9th | c=='2025-04-09'
what was started on 9 April 2025? | c=='2025-04-09'
the 9th of April | c=='2025-04-09'
2025-04-09 | c=='2025-04-09'
2025-04 | c[:7]=='2025-04'
runs since 2025-06-01 | c>='2025-06-01'
between 10 and 20 March | '2025-03-10'<=c<='2025-03-20'
from 1 April to 15 April 2025 | '2025-04-01'<=c<='2025-04-15'
from March to May | '2025-03-01'<=c<='2025-05-31'
January through March 2025 | '2025-01-01'<=c<='2025-03-31'
between November and February | '2024-11-01'<=c<='2025-02-28'
in March and May | c[:7] in ('2025-03','2025-05')
Q1 2025 | '2025-01-01'<=c<='2025-03-31'
second quarter of 2025 | '2025-04-01'<=c<='2025-06-30'
last quarter | '2025-01-01'<=c<='2025-03-31'
runs of this year | c[:4]=='2025'
what did I train last year? | c[:4]=='2024'
first half of 2025 | '2025-01-01'<=c<='2025-06-30'
in spring 2025 | '2025-03-01'<=c<='2025-05-31'
last winter | '2024-12-01'<=c<='2025-02-28'
this week | '2025-06-16'<=c<='2025-06-22'
last week's runs | '2025-06-09'<=c<='2025-06-15'
two weeks ago | '2025-06-02'<=c<='2025-06-08'
in the last 3 days | at>='2025-06-15T12:00'
past 24 hours | at>='2025-06-17T12:00'
last 30 days | at>='2025-05-19T12:00'
this month | c[:7]=='2025-06'
experiments from last month | c[:7]=='2025-05'
today's runs | c=='2025-06-18'
what was running yesterday on STL-10 | c=='2025-06-17' and st=='running' and ds=='STL-10'
on Monday | c=='2025-06-16'
last Sunday | c=='2025-06-15'
last weekend | c in ('2025-06-14','2025-06-15')
early April | '2025-04-01'<=c<='2025-04-10'
mid-April | '2025-04-11'<=c<='2025-04-20'
late April 2025 | '2025-04-21'<=c<='2025-04-30'
more than three months ago | at<'2025-03-18T12:00'
older than 6 months | at<'2024-12-18T12:00'
modified in May 2025 | m[:7]=='2025-05'
updated since June 13 | m>='2025-06-13'
which models were last changed in April? | m[:7]=='2025-04'
created in April and modified in May | c[:7]=='2025-04' and m[:7]=='2025-05'
modified yesterday | m=='2025-06-17'
not created in 2025 | c[:4]!='2025'
which runs may have attention | T('attention')
runs in May | c[:7]=='2025-05'
May 2025 runs | c[:7]=='2025-05'
march runs | c[:7]=='2025-03'
week of 9 June | '2025-06-09'<=c<='2025-06-15'
DiTs since April | T('dit') and c>='2025-04-01'
3 days ago | c=='2025-06-15'
this morning | c=='2025-06-18'
# numbers
lr 2e-4 | lr==2e-4
learning rate of 0.0002 | lr==2e-4
lr = 1e-3 | lr==1e-3
lr=0.001 | lr==1e-3
learning rate above 1e-3 | lr>1e-3
lr at least 1e-3 | lr>=1e-3
a learning rate of no more than 5e-5 | lr<=5e-5
lr between 1e-4 and 3e-4 | 1e-4<=lr<=3e-4
lr above 1e-4 and below 5e-4 | 1e-4<lr<5e-4
learning rates 1e-4 or 2e-4 | lr in (1e-4,2e-4)
batch size 64 | bs==64
bs 512 | bs==512
batch size of at most 64 | bs<=64
batch >= 512 | bs>=512
batch sizes larger than 256 | bs>256
batch size 64 or 128 | bs in (64,128)
batch size between 100 and 256 | 100<=bs<=256
batch size not 128 | bs!=128
with a batch of 32 | bs==32
over 300 epochs | ep>300
trained for at least 400 epochs | ep>=400
100 epochs | ep==100
exactly 200 epochs | ep==200
fewer than 20 epochs | ep<20
400 epochs or more | ep>=400
500+ epochs | ep>=500
epochs <= 15 | ep<=15
less than 1M parameters | params<1e6
models under 5M | params<5e6
more than 100 million parameters | params>1e8
params >= 50M | params>=5e7
between 5 and 10 million parameters | 5e6<=params<=1e7
2.2M parameters | params==2200000
models larger than 60M params | params>6e7
parameter count below 1,000,000 | params<1e6
image size 64 | img==64
32x32 images | img==32
64 px | img==64
resolution above 32 | img>32
at 96x96 resolution | img==96
images of at least 64 pixels | img>=64
fid < 10 | fid and fid<10
FID below 10 on CIFAR-10 | fid and fid<10 and ds=='CIFAR-10'
fid between 10 and 20 | fid and 10<=fid<=20
an FID of at most 6.4 | fid and fid<=6.4
single-digit FID | fid and fid<10
FID better than 8 | fid and fid<8
fid worse than 50 | fid and fid>50
FID over 100 | fid and fid>100
validation loss under 0.025 | vl and vl<.025
val_loss at most 0.0264 | vl and vl<=.0264
val loss > 0.05 | vl and vl>.05
fid under 20 with fewer than 5M parameters | fid and fid<20 and params<5e6
unets with lr 2e-4 and batch size 128 | T('unet') and lr==2e-4 and bs==128
no fewer than 500 epochs | ep>=500
not more than 10 epochs | ep<=10
batch size 128, 50 epochs | bs==128 and ep==50
Which Fashion-MNIST models came in under an FID of 20? | ds=='Fashion-MNIST' and fid and fid<20
models with more than ten million weights | params>1e7
lr at or below 1e-4 | lr<=1e-4
fid lower than 7 or higher than 100 | fid and (fid<7 or fid>100)
more than 5M but less than 20M parameters | 5e6<params<2e7
lr 1e-4 / batch 256 | lr==1e-4 and bs==256
tiny models under one million parameters | params<1e6
at least half a million parameters but at most 1.5M | 5e5<=params<=1.5e6
# status
failed runs | st=='failed'
what crashed? | st=='crashed'
which runs are still running | st=='running'
runs in progress | st=='running'
interrupted experiments | st=='interrupted'
completed runs on STL-10 | st=='finished' and ds=='STL-10'
finished DiTs | st=='finished' and T('dit')
unfinished runs | st!='finished'
which experiments did not fail | st!='failed'
failed MNIST runs | st=='failed' and ds=='MNIST'
runs with no metrics | fid is None and vl is None
attention or conditional but not both | T('attention') != T('conditional')
conditional and unconditional models on MNIST | ds=='MNIST'
the U-Nets and DiTs on MNIST | ds=='MNIST' and (T('unet') or T('dit'))
runs 14-16 | n in (14,15,16)
multi-GPU runs | hw=='8x H100'
RTX cards | 'RTX' in hw
runs before Christmas 2024 | c<'2024-12-25'
fall 2024 | '2024-09-01'<=c<='2024-11-30'
everything in the last month | at>='2025-05-18T12:00'
from 3 to 7 days ago | '2025-06-11'<=c<='2025-06-15'
models that are neither CNNs nor transformers | not T('cnn') and not T('transformer')
clasifier free guidence | T('cfg')
predicted v | pred=='v'
modified more recently than June 14 | m>'2025-06-14'
U-Nets with plain attention only | T('unet') and T('attention') and not T('linear_attention')
# optimizer
runs with Adam | opt=='Adam'
AdamW | opt=='AdamW'
optimizer SGD | opt=='SGD'
trained using RMSprop | opt=='RMSprop'
RAdam | opt=='RAdam'
adam on cifar-10 | opt=='Adam' and ds=='CIFAR-10'
stochastic gradient descent | opt=='SGD'
Lion optimiser | opt=='Lion'
# hardware
runs on a GPU | hw!='CPU'
GPU runs on MNIST | hw!='CPU' and ds=='MNIST'
trained on CPU | hw=='CPU'
RTX 4090 | hw=='RTX 4090'
on an RTX 3060 | hw=='RTX 3060'
A100s | hw=='A100'
H100 runs in May | 'H100' in hw and c[:7]=='2025-05'
Apple silicon | 'Apple' in hw
8x H100 | hw=='8x H100'
# schedule, parameterization, framework, architecture names
cosine schedule | sch=='cosine'
linear noise schedule on CIFAR-10 | sch=='linear' and ds=='CIFAR-10'
karras | sch=='karras'
not cosine | sch!='cosine'
v-prediction | pred=='v'
models predicting velocity | pred=='v'
epsilon prediction with cosine schedule on MNIST | pred=='epsilon' and sch=='cosine' and ds=='MNIST'
noise prediction on STL-10 | pred=='epsilon' and ds=='STL-10'
x0-prediction | pred=='x0'
predicts x0 | pred=='x0'
rectified flow | pred=='flow'
flow matching models | pred=='flow'
consistency models | pred=='consistency'
PyTorch 2.8 | fw=='2.8'
LatentUNet | arch=='LatentUNet'
v prediction unets | pred=='v' and T('unet')
# counts, comparisons
How many runs are on MNIST? | ds=='MNIST'
how many unets have I trained since April | T('unet') and c>='2025-04-01'
count the failed runs | st=='failed'
number of DiT runs | T('dit')
compare run-014 and run-015 | n in (14,15)
run-014 vs run-032 | n in (14,32)
what is the difference between run-002 and run-003? | n in (2,3)
compare unet and dit on CIFAR-10 | (T('unet') or T('dit')) and ds=='CIFAR-10'
Adam vs AdamW on CIFAR-10 | opt in ('Adam','AdamW') and ds=='CIFAR-10'
compare conditional and unconditional models on MNIST | ds=='MNIST'
how do CIFAR-10 and STL-10 models differ in architecture | ds in ('CIFAR-10','STL-10')
compare cosine with linear schedules on Fashion-MNIST | sch in ('cosine','linear') and ds=='Fashion-MNIST'
transformers versus CNNs on MNIST | ds=='MNIST' and (T('transformer') or T('cnn'))
compare cifar-unet-base with cifar-unet-cosine | n in (14,15)
# run ids and names
run-020 | n==20
show run 20 | n==20
runs 3 and 4 | n in (3,4)
mnist-dit-tiny | n==5
what lr did run-012 use? | n==12
show me cifar-unet-edm and stl10-flow-dit | n in (32,35)
runs with the same dataset as run-035 | n==34
more parameters than run-027 | params>112000000
lower fid than run-020 | fid and fid<5.8
# typos
unett on mnist | T('unet') and ds=='MNIST'
difusion transfomers | T('dit')
fashon mnist | ds=='Fashion-MNIST'
condtional models | T('conditional')
attenion | T('attention')
lattent models | T('latent')
cifra 10 | ds=='CIFAR-10'
optimzer adam | opt=='Adam'
cosin schedule | sch=='cosine'
autoencodr | T('autoencoder')
learing rate 2e-4 | lr==2e-4
runs from Febuary | c[:7]=='2025-02'
epsillon prediction on celeba | pred=='epsilon' and ds=='CelebA'
# words of a description
which run ran out of memory? | n==23
OOM | n==23
runs that diverged | n==6
Heun | n==32
exponential moving average | n in (14,31)
optimizer ablation | n in (12,13)
distilled from a teacher | n==33
runs about reconstruction | n==11
# unknown values: a condition that nothing meets
ImageNet | False
trained on ImageNet with a unet | False
ViT-G | False
TPU runs | False
models on LSUN bedrooms | False
CIFAR-100 | False
B200 | False
the Sophia optimizer | False
run-999 | False
GAN models | False
KMNIST unets | False
runs from 2019 | False
# missing values
runs without fid | fid is None
no FID | fid is None
which models have no validation loss? | vl is None
missing FID on CIFAR-10 | fid is None and ds=='CIFAR-10'
runs with a FID | fid is not None
without a description | False
no noise schedule | sch=='none'
# filler
Could you please show me a list of all of the models that were trained on MNIST? Thanks! | ds=='MNIST'
I'm looking for my old Fashion-MNIST experiments, which ones are there? | ds=='Fashion-MNIST'
hey, do we have anything with linear attention? | T('linear_attention')
list everything | True
all runs | True
which of my models trained on an H100 have attention? | 'H100' in hw and T('attention')
Give me all experiments where the batch size was 512 | bs==512
# asked by a fresh reader: bounds, lists of numbers, cards, families, other words
batch size less than or equal 64 | bs<=64
sub-1M models | params<1e6
fewer than a dozen epochs | ep<12
one hundred and fifty epochs | ep==150
trained for 60, 80 or 90 epochs | ep in (60,80,90)
128 < batch size < 1024 | 128<bs<1024
5 < fid < 9 | fid is not None and 5<fid<9
smaller batches than 64 | bs<64
fewer epochs than 20 on MNIST | ep<20 and ds=='MNIST'
runs having a val loss but no FID | vl is not None and fid is None
same architecture as run-017 but another dataset | arch=='DiT' and ds!='CIFAR-10'
all MNIST variants | 'MNIST' in ds
Adam-family optimizers | opt in ('Adam','AdamW','RAdam')
runs on cifar including the cat dog subset | ds.startswith('CIFAR-10')
did anything run on eight H100s? | hw=='8x H100'
Hopper GPUs | 'H100' in hw
datacenter GPUs on CIFAR-10 | ds=='CIFAR-10' and ('A100' in hw or 'H100' in hw)
RNNs | False
BERT | False
AdamP | False
nothing on MNIST please, only transformers | ds!='MNIST' and T('transformer')
images of size 64 | img==64
MNIST-M | False
04/2025 | c[:7]=='2025-04'
2025-W24 | '2025-06-09'<=c<='2025-06-15'
from 2025-06-10 onwards | c>='2025-06-10'
up to and including 22 January 2025 | c<='2025-01-22'
runs from February or June this year | c[:7] in ('2025-02','2025-06')
crashed, failed or still going | st in ('crashed','failed','running')
cosine unets w/ attention | sch=='cosine' and T('unet','attention')
noise-predicting transformers | T('transformer') and pred=='epsilon'
models that predict the clean image | pred=='x0'
unett wiht atention traind on celebA | T('unet','attention') and ds=='CelebA'
unets with attention or transformers with conditioning | T('unet','attention') or T('transformer','conditional')
what sets run-014 apart from run-016? | n in (14,16)
is run-032 better than run-020? | n in (32,20)
differences between 4090 and 3060 runs on Fashion-MNIST | ds=='Fashion-MNIST' and hw in ('RTX 4090','RTX 3060')
denoisers which rely on attention, conducted on an A100 | T('attention') and hw=='A100'
# asked by an examiner: a letter, pixels, recurring days, days compared, fractions, versions
compare v and epsilon on MNIST | ds=='MNIST' and pred in ('v','epsilon')
v vs eps runs | pred in ('v','epsilon')
does v or epsilon do better on Fashion-MNIST? | ds=='Fashion-MNIST' and pred in ('v','epsilon')
x0, v and epsilon on MNIST | ds=='MNIST' and pred in ('x0','v','epsilon')
unets with v | T('unet') and pred=='v'
neither v nor epsilon | pred not in ('v','epsilon')
unet v dit on Fashion-MNIST | ds=='Fashion-MNIST' and (T('unet') or T('dit'))
run-014 v run-020 | n in (14,20)
compare latent unets with pixel unets | T('unet')
pixel models on CIFAR-10 | ds=='CIFAR-10' and not T('latent')
latent vs pixel on CIFAR-10 | ds=='CIFAR-10'
runs started on a Monday | wd==0
MNIST runs launched on Tuesdays or Wednesdays | ds=='MNIST' and wd in (1,2)
what did I train on weekends? | wd in (5,6)
runs on weekdays in April | wd<5 and c[:7]=='2025-04'
Friday runs in April | wd==4 and c[:7]=='2025-04'
not on Mondays | wd!=0
modified on a Sunday | mwd==6
which runs were launched at night? | hr>=22 or hr<6
runs started in the afternoon of 9 April | c=='2025-04-09' and 12<=hr<18
Friday, 28 March 2025 | c=='2025-03-28'
runs created and modified on the same day | c==m
modified on the day they were created | c==m
MNIST runs finished the day they started | ds=='MNIST' and c==m
runs that were created and last modified on different days | c!=m
created and modified in the same month | c[:7]==m[:7]
runs from the same day as run-018 | n==19
created in the same month as run-021 | c[:7]=='2025-04' and n!=21
lr of one thousandth | lr==1e-3
a learning rate of ten to the minus three | lr==1e-3
lr below one ten-thousandth | lr<1e-4
lr of two ten-thousandths | lr==2e-4
a learning rate over half a thousandth | lr>5e-4
lr 10**-3 | lr==1e-3
lr below minus one | False
fid under one hundred | fid is not None and fid<100
fid in the twenties or thirties | fid is not None and 20<=fid<40
weights above 0.1 billion | params>1e8
between one and five million parameters | 1e6<=params<=5e6
more than 10 but fewer than 60 epochs | 10<ep<60
as many parameters as run-014 | params==35700000 and n!=14
as few epochs as run-026 | ep==60 and n!=26
runs with PyTorch older than 2.7 | fw<'2.7'
PyTorch 2.7 or newer | fw>='2.7'
at least PyTorch 2.8 | fw>='2.8'
runs on a single GPU | hw not in ('CPU','8x H100')
everything but runs 1 to 5 | n not in (1,2,3,4,5)
trained on a 3060 before the new year | hw=='RTX 3060' and c<'2025-01-01'
do transformers outperform unets on CIFAR-10? | ds=='CIFAR-10' and (T('transformer') or T('unet'))
is attention better than no attention on Fashion-MNIST? | ds=='Fashion-MNIST'
compare runs with attention to runs without it on Fashion-MNIST | ds=='Fashion-MNIST'
compare unets with attention and unets without attention on CIFAR-10 | ds=='CIFAR-10' and T('unet')
which runs didn't converge | n==6
# three conditions at once
MNIST transformers trained in 2025 with a lr under 5e-4 | ds=='MNIST' and T('transformer') and c>='2025' and lr<5e-4
Which of the AdamW runs on an A100 got an FID below 10? | opt=='AdamW' and hw=='A100' and fid is not None and fid<10
UNets on CIFAR-10 that use neither AdamW nor Adam | T('unet') and ds=='CIFAR-10' and opt not in ('Adam','AdamW')
batch size of at least 256, AdamW, not on an H100 | bs>=256 and opt=='AdamW' and 'H100' not in hw
finished STL-10 runs with batch 128 but not linear | st=='finished' and ds=='STL-10' and bs==128 and sch!='linear'
cosine-schedule epsilon models on CIFAR-10 or CelebA | sch=='cosine' and pred=='epsilon' and ds in ('CIFAR-10','CelebA')
big images: at least 96 pixels a side | img>=96
epochs:100 dataset:mnist | ep==100 and ds=='MNIST'
# what follows a condition, counts of cards, clocks, vague sizes
unets with either attention or linear attention on cat/dog | T('unet') and T('attention') and ds=='CIFAR-10 cat/dog'
anything with FID in single digits | fid is not None and fid<10
unets on CIFAR-10, attention excluded | T('unet') and ds=='CIFAR-10' and not T('attention')
MNIST runs, MLPs and DiTs left out | ds=='MNIST' and not T('mlp') and not T('dit')
100 epochs on a 4090 | ep==100 and hw=='RTX 4090'
gpu: a100, optimizer: adamw, dataset: cifar-10 | hw=='A100' and opt=='AdamW' and ds=='CIFAR-10'
eight GPUs | (hw or '').startswith('8x')
runs that never produced an FID | fid is None
runs with fid, on celeba | fid is not None and ds=='CelebA'
runs started before noon on CelebA | hr<12 and ds=='CelebA'
runs on MNIST after 6 pm | hr>=18 and ds=='MNIST'
09/04/2025 | c=='2025-04-09'
tiny unets on MNIST | T('unet') and ds=='MNIST'
learning rate in [1e-5, 1e-4] | lr is not None and 1e-5<=lr<=1e-4
val loss 0.025 or better | vl is not None and vl<=0.025
in the three months before April 2025 | '2025-01-01'<=c<='2025-03-31'
two weeks after May 1, 2025 | '2025-05-02'<=c<='2025-05-15'
April 9th, 2025 evening | c=='2025-04-09' and hr>=18
give me the ids of all DiTs that finished | T('dit') and st=='finished'
# asked later: signs, postfix answers, edges of months and years, periods that go on, runs between
optimizer != AdamW | opt!='AdamW'
dataset not MNIST, optimizer not AdamW | ds!='MNIST' and opt!='AdamW'
guidance yes, attention no | T('cfg') and not T('attention')
attention: yes, conditional: no, dataset: CIFAR-10 | T('attention') and not T('conditional') and ds=='CIFAR-10'
batch < 128 AND dataset = CelebA AND NOT dit | bs<128 and ds=='CelebA' and not T('dit')
not (MNIST or Fashion-MNIST) | ds not in ('MNIST','Fashion-MNIST')
experiments between epochs 50 and 100 | 50<=ep<=100
any latent model with an FID in the teens? | T('latent') and fid is not None and 13<=fid<20
twenty to sixty epochs | 20<=ep<=60
seventy epochs or fewer | ep<=70
v parametrised dits | pred=='v' and T('dit')
karras noise, 600 epochs | sch=='karras' and ep==600
anything trained longer than run-014 | ep>500
runs between run-010 and run-013 | n in (10,11,12,13)
runs with the batch size of run-026 | bs==64 and n!=26
with the schedule of run-032 | n==33
what separates run-014 from run-015? | n in (14,15)
the first two weeks of April | '2025-04-01'<=c<='2025-04-14'
the last five days of May 2025 | '2025-05-27'<=c<='2025-05-31'
runs from the last quarter of 2024 | '2024-10-01'<=c<='2024-12-31'
half a year ago or older | c<'2025'
April 2025 or later | c>='2025-04-01'
spring DiTs | T('dit') and '2025-03-01'<=c<='2025-05-31'
MNIST in January and CIFAR-10 in June | (ds=='MNIST' and c[:7]=='2025-01') or (ds=='CIFAR-10' and c[:7]=='2025-06')
unets with lr 2e-4 or dits with lr 1e-4 | (T('unet') and lr==2e-4) or (T('dit') and lr==1e-4)
AdamW on H100 or Adam on CPU | (opt=='AdamW' and 'H100' in hw) or (opt=='Adam' and hw=='CPU')
runs on Mondays with A100 that took attention | wd==0 and hw=='A100' and T('attention')
all conditional models, any dataset but CIFAR-10 | T('conditional') and ds!='CIFAR-10'
all runs that used 1e-3 as the learning rate | lr==1e-3
how did the SGD run do against the Lion run? | opt in ('SGD','Lion')
"""

ORDERED = """
best run on MNIST | ds=='MNIST' | fid | 1
which model has the lowest FID? | True | fid | 1
best FID on CIFAR-10 | ds=='CIFAR-10' | fid | 1
worst FID | True | -fid | 1
highest FID on Fashion-MNIST | ds=='Fashion-MNIST' | -fid | 1
three best models on CIFAR-10 | ds=='CIFAR-10' | fid | 3
best 3 models on CIFAR-10 | ds=='CIFAR-10' | fid | 3
top 5 by val_loss | True | vl | 5
show the top-3 smallest transformers | T('transformer') | params | 3
top five runs by validation loss on MNIST | ds=='MNIST' | vl | 5
lowest validation loss | True | vl | 1
the 4 lowest FIDs among unets | T('unet') | fid | 4
smallest model | True | params | 1
smallest model on CIFAR-10 | ds=='CIFAR-10' | params | 1
largest transformer | T('transformer') | -params | 1
the 3 biggest models | True | -params | 3
model with the most parameters on Fashion-MNIST | ds=='Fashion-MNIST' | -params | 1
fewest parameters | True | params | 1
largest batch | True | -bs | 1
largest batch size on STL-10 | ds=='STL-10' | -bs | 1
lowest learning rate | True | lr | 1
most epochs | True | -ep | 1
longest training by epochs | True | -ep | 1
newest run | True | -at | 1
latest run on MNIST | ds=='MNIST' | -at | 1
most recent unet | T('unet') | -at | 1
last run | True | -at | 1
last 3 runs | True | -at | 3
the latest five experiments | True | -at | 5
oldest run | True | at | 1
first run on CIFAR-10 | ds=='CIFAR-10' | at | 1
first 3 experiments | True | at | 3
earliest DiT | T('dit') | at | 1
two newest Fashion-MNIST models | ds=='Fashion-MNIST' | -at | 2
last modified run | True | -mat | 1
second best FID on CIFAR-10 | ds=='CIFAR-10' | fid | 2:
best models on STL-10 | ds=='STL-10' | fid | all
MNIST runs sorted by FID | ds=='MNIST' | fid | all
CIFAR-10 runs ranked by validation loss | ds=='CIFAR-10' | vl | all
celeba runs, newest first | ds=='CelebA' | -at | all
best unet without attention | T('unet') and not T('attention') | fid | 1
best conditional model on Fashion-MNIST in terms of FID | ds=='Fashion-MNIST' and T('conditional') | fid | 1
which unet on CIFAR-10 reached the lowest val loss? | T('unet') and ds=='CIFAR-10' | vl | 1
what was my best model in April? | c[:7]=='2025-04' | fid | 1
top 2 AdamW runs with fewer than 5M parameters | opt=='AdamW' and params<5e6 | fid | 2
highest batch size | True | -bs | 1
best lr on MNIST | ds=='MNIST' | fid | 1
the best run since May | c>='2025-05-01' | fid | 1
most recently created transformer | T('transformer') | -at | 1
lowest FID overall | True | fid | 1
best run with Adam | opt=='Adam' | fid | 1
worst 2 runs on CIFAR-10 by fid | ds=='CIFAR-10' | -fid | 2
top 3 runs sorted by val loss | True | vl | 3
most parameters, top 3 | True | -params | 3
top-5 val loss | True | vl | 5
the runner-up on CIFAR-10 by FID | ds=='CIFAR-10' | fid | 2:
give me 3 DiTs with the best fid | T('dit') | fid | 3
order CelebA by size descending | ds=='CelebA' | -params | all
list MNIST from oldest to newest | ds=='MNIST' | at | all
MNIST models ranked from best to worst fid | ds=='MNIST' | fid | all
largest images | True | -img | 1
what did I train first? | True | at | 1
which run did I modify last? | True | -mat | 1
which MNIST run is the least recent? | ds=='MNIST' | at | 1
list the CelebA runs by decreasing parameter count | ds=='CelebA' | -params | all
the run with the highest FID among those that didn't use attention | not T('attention') | -fid | 1
what's my best MNIST model that is not a unet? | ds=='MNIST' and not T('unet') | fid | 1
lowest val loss without AdamW | opt!='AdamW' | vl | 1
who is the leader on CelebA by val loss | ds=='CelebA' | vl | 1
the last run of April | c[:7]=='2025-04' | -at | 1
sort by epochs descending: MNIST | ds=='MNIST' | -ep | all
"""


def _names(r) -> dict:
    return {
        "T": lambda *tags: all(tag in r.tags for tag in tags),
        "ds": r.dataset,
        "bs": r.batch,
        "lr": r.lr,
        "opt": r.optimizer,
        "hw": r.hardware,
        "c": r.c,
        "m": r.m,
        "wd": r.created.weekday(),
        "mwd": r.modified.weekday(),
        "hr": r.created.hour,
        "at": r.created.isoformat()[:16],
        "mat": r.modified.isoformat()[:16],
        "fid": r.fid,
        "vl": r.val_loss,
        "ep": r.epochs,
        "st": r.status,
        "params": r.params,
        "sch": r.schedule,
        "pred": r.prediction,
        "img": r.size,
        "n": r.n,
        "txt": r.description,
        "fw": r.framework,
        "arch": r.architecture,
    }


def _meets(criterion: str, r) -> bool:
    return bool(eval(criterion, {"__builtins__": {}}, _names(r)))


def filters() -> list[tuple[str, set[str]]]:
    """(question, ids that must be found, no more and no fewer)."""
    lines = [line.split(" | ") for line in FILTERS.strip().splitlines() if not line.startswith("#")]
    return [(question, {r.id for r in RUNS if _meets(criterion, r)}) for question, criterion in lines]


def ordered() -> list[tuple[str, list[str]]]:
    """(question, ids in order)."""
    found = []
    for line in ORDERED.strip().splitlines():
        question, criterion, key, count = line.split(" | ")
        rows = [r for r in RUNS if _meets(criterion, r) and _names(r)[key.lstrip("-")] is not None]
        rows.sort(key=lambda r: _names(r)[key.lstrip("-")], reverse=key.startswith("-"))
        cut = {"all": rows, "2:": rows[1:2]}.get(count) if not count.isdigit() else rows[: int(count)]
        found.append((question, [r.id for r in cut]))
    return found
