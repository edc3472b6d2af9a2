"""Words that stand for each other when a sentence is told anew; each line one sense, the first word its name."""

SENSES = """
mail email
phone call telephone ring dial hotline
start begin commence launch open kick
end finish stop close conclude complete
expire lapse valid expiry run-out due
keep retain hold store remain stay save preserve
remove delete erase drop purge wipe
forbid prohibit ban disallow prohibited forbidden banned
allow permit let permitted allowed
need require must necessary mandatory oblige obligatory needed
answer reply respond response
ask request demand query question
send deliver ship forward dispatch
receive get obtain
buy purchase bought
pay paid payment cost price charge fee bill invoice
change modify alter edit adjust amend
build make create produce generate made
use employ utilise utilize apply
show display present see view look
check verify inspect examine test
fix repair correct mend
break fail crash failure outage
large big huge greater larger
small little tiny minor smaller
fast quick rapid speedy
slow sluggish
before ahead prior earlier beforehand
after following afterwards later once
during while
next upcoming coming following
new newcomer fresh recent
old former previous past
last final previous
staff team colleague employee crew people
customer client
boss lead manager head leader chief
doctor physician dr gp
patient patients
child kid children
house home flat apartment
room bedroom
job work task duty occupation
shift duty
holiday vacation leave urlaub
meeting meet appointment session
book reserve reservation booking
cancel revoke cancellation
write written note record wrote
tell inform notify report announce say said mention told
speak talk language
like prefer favour enjoy love preferred want wish wants
dislike hate avoid
drive car driving
trip journey travel
fly flight plane airplane aeroplane
train rail railway
ticket issue
daily day everyday
weekly week
monthly month
yearly year annual annually
quarterly quarter
hourly hour
nightly night overnight
morning mornings am
evening evenings pm
automatically automatic itself themselves own
manual manually hand
copy duplicate
backup back-up
restore recover recovery
replace substitute swap exchange
stand-in deputy substitute cover represent vertretung replacement
responsible owner own charge handle look-after
live reside lives
reside locate located sit based
die dead kill died
lose lost missing
find found discover
repeat again another repeatedly retry retried tried
refuse reject decline deny turn-away
accept approve approval acceptance
sign signature signed
medicine medication drug pill tablet
food meal eat eats diet
drink beverage
vegetarian meat
sick ill illness disease
pain ache
surgery operation
side next beside
near by close nearby
within inside in
outside external outdoor
above over exceed exceeds exceeding more beyond
below under less fewer
limit maximum max cap most
minimum min least
about roughly approximately approx circa some around
only solely exclusively nothing-but
every each all
twice double two
both pair
whole entire full altogether
because since reason due
therefore so thus hence
although though however
instead rather
except unless but apart
additional extra also plus too besides more
free gratis complimentary
secret confidential private
password credential passphrase
server host machine node
bug defect error fault
log logs logging
release deploy deployment rollout ship
version release
region area zone
office desk
key keys
town city
street road
school class
teacher instructor
lesson class course
music concert
picture image photo photograph
paper printed print
title heading name
number nr
list enumerate
fill complete
forever permanently good
temporary temporarily provisional
often frequently usually
rarely seldom
early soon
late delay delayed
quiet silent
loud noisy
cold cool
hot warm warmed heating heat
put place set
bring take carry
go goes gone went
come arrive arrival comes
leave depart departure
wait await
watch monitor observe
learn study
teach train
help assist support
move shift relocate
turn switch
off disabled deactivated
on enabled activated
safe secure
danger risk hazard
sum amount total
share part portion
increase raise raised grow
decrease lower reduce lowered reduced
attach include enclosed contain
sort kind type
place spot location
finger hand
fire blaze
colour color
spare extra
happen occur
decide decision choose
explain describe
idea suggestion suggest propose
plan planned schedule scheduled
rule guideline policy
contract agreement
licence license licensed
birthday born birth
neighbour neighbor next-door
spouse partner
contact reach reached reachable
visit visits
passport passports
size sizes
rest remainder others
compulsory obligatory
convert translate conversion
currency euro
bin trash garbage waste rubbish
water sea
fish seafood
ill unwell
forward facing
container box
remote distant
account accounts
user users
limit threshold
handover hand-over
keep kept
hold held
send sent
give given gave
take taken took
tell told
get got
begin began begun
run ran
see saw seen
think thought
leave left
lose lost
buy bought
bring brought
speak spoke spoken
choose chose chosen
drive drove driven
fly flew flown
break broke broken
write wrote written
know knew known
meet met
sell sold
teach taught
build built
feel felt
mean meant
stand stood
sit sat
spend spent
wear wore worn
draw drew drawn
grow grew grown
throw threw thrown
forget forgot forgotten
hide hid hidden
eat ate eaten
fall fell fallen
rise rose risen
come came
become became
win won
sleep slept
read reads
show shown
"""
